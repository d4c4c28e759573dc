import { join } from "node:path";
import {
  assertPrivate,
  errorCode,
  Failure,
  makePrivateFolder,
  readFileIfAny,
  replaceFile,
} from "@glowworm/platform";
import {
  decodeUploadToken,
  encodeUploadToken,
  equalBytes,
  fromHex,
  type RandomSource,
  randomFraction,
  toHex,
  type UnixSeconds,
  type UploadToken,
} from "@glowworm/protocol";

const FILE = "upload-tokens.json";

/** A token, and when it may be spent at the earliest. */
interface Held {
  readonly token: UploadToken;
  readonly notBefore: UnixSeconds;
}

interface Content {
  readonly keys: ReadonlyMap<number, Uint8Array>;
  readonly held: readonly Held[];
}

const EMPTY: Content = { keys: new Map(), held: [] };

/**
 * Upload tokens of one server and the public keys it has shown, in the state folder. A token that `spend` gave out is
 * gone from the disk: after a crash it is lost, and never used for another batch.
 */
export class TokenWallet {
  readonly #path: string;
  readonly #server: string;
  readonly #random: RandomSource;
  #content: Content;

  /** Use `openTokenWallet`. */
  constructor(path: string, server: string, random: RandomSource) {
    this.#path = path;
    this.#server = server;
    this.#random = random;
    this.#content = readContent(path, server);
  }

  /** The key a server has shown for a day. */
  keyOf(day: number): Uint8Array | undefined {
    return this.#content.keys.get(day);
  }

  /** Keeps keys that were shown; false, and nothing is kept, when one of them was another before. */
  pin(keys: ReadonlyMap<number, Uint8Array>): boolean {
    const known = this.#content.keys;
    for (const [day, key] of keys) {
      if (!equalBytes(known.get(day) ?? key, key)) return false;
    }
    this.#write({ ...this.#content, keys: new Map([...known, ...keys]) });
    return true;
  }

  /** Tokens that are accepted today, or will be once their wait is over. */
  count(today: number): number {
    return this.#content.held.filter(({ token }) => isAccepted(token, today)).length;
  }

  /** Adds tokens; each waits a random time of its own, `from` to `to` inclusive. */
  add(tokens: readonly UploadToken[], from: UnixSeconds, to: UnixSeconds): void {
    const held = tokens.map((token) => {
      const notBefore = from + Math.floor(randomFraction(this.#random) * (to - from + 1));
      return { token, notBefore };
    });
    this.#write({ ...this.#content, held: [...this.#content.held, ...held] });
  }

  /** Takes out a token that may be spent now: one at random of the oldest day. Null when there is none. */
  spend(now: UnixSeconds, today: number): UploadToken | null {
    const accepted = this.#content.held.filter(({ token }) => isAccepted(token, today));
    const ready = accepted.filter(({ notBefore }) => notBefore <= now);
    const oldest = Math.min(...ready.map(({ token }) => token.day));
    const choice = ready.filter(({ token }) => token.day === oldest);
    const chosen = choice[Math.floor(randomFraction(this.#random) * choice.length)];
    if (chosen === undefined) return null;
    const keys = new Map([...this.#content.keys].filter(([day]) => day >= today - 1));
    this.#write({ keys, held: accepted.filter((other) => other !== chosen) });
    return chosen.token;
  }

  #write(content: Content): void {
    const text = JSON.stringify({
      v: 1,
      server: this.#server,
      keys: [...content.keys].map(([day, key]) => [day, toHex(key)]),
      held: content.held.map(({ token, notBefore }) => [
        notBefore,
        toHex(encodeUploadToken(token)),
      ]),
    });
    try {
      replaceFile(this.#path, Buffer.from(text));
    } catch (cause) {
      const message = `${this.#path}: cannot be written (${errorCode(cause)})`;
      throw new Failure("failure", message, "make room on the disk of the state folder", { cause });
    }
    this.#content = content;
  }
}

/**
 * Opens the tokens for a server. Those for another one are dropped, and so is a damaged file: tokens are issued again.
 * @throws {Failure} when others may read it.
 */
export function openTokenWallet(folder: string, server: URL, random: RandomSource): TokenWallet {
  makePrivateFolder(folder);
  return new TokenWallet(join(folder, FILE), server.href, random);
}

function isAccepted({ day }: UploadToken, today: number): boolean {
  return day === today || day === today - 1;
}

function readContent(path: string, server: string): Content {
  const bytes = readFileIfAny(path);
  if (bytes === null) return EMPTY;
  assertPrivate(path);
  try {
    return contentOf(JSON.parse(Buffer.from(bytes).toString("utf8")), server);
  } catch {
    return EMPTY;
  }
}

/** @throws for anything that `#write` did not write. */
function contentOf(
  file: {
    readonly server: string;
    readonly keys: readonly (readonly [number, string])[];
    readonly held: readonly (readonly [number, string])[];
  },
  server: string,
): Content {
  if (file.server !== server) return EMPTY;
  return {
    keys: new Map(file.keys.map(([day, key]) => [day, fromHex(key)])),
    held: file.held.map(([notBefore, token]) => ({
      notBefore,
      token: decodeUploadToken(fromHex(token)),
    })),
  };
}
