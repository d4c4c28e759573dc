import { errorCode, Failure } from "@glowworm/platform";
import { StoreUnavailableError } from "../store/report-store.ts";
import { type InviteBook, openInviteBook } from "./invite-book.ts";
import { SpentTokens } from "./spent-tokens.ts";
import type { Grant, TokenStore } from "./token-store.ts";

/** Invites and spent tokens in the data folder of one server. */
export class EmbeddedTokenStore implements TokenStore {
  readonly #invites: InviteBook;
  readonly #spent: SpentTokens;

  constructor(invites: InviteBook, spent: SpentTokens) {
    this.#invites = invites;
    this.#spent = spent;
  }

  async take(inviteHash: Uint8Array, day: number, count: number): Promise<Grant> {
    return await written(() => this.#invites.take(inviteHash, day, count));
  }

  async bind(day: number, nonce: Uint8Array, mark: Uint8Array): Promise<boolean> {
    return await written(() => this.#spent.bind(day, nonce, mark));
  }

  async dropBefore(day: number): Promise<void> {
    await written(() => this.#spent.dropBefore(day));
  }

  async close(): Promise<void> {
    await this.#invites.close();
    this.#spent.close();
  }
}

/** Opens what is in a data folder, made when missing. @throws {Failure} */
export function openEmbeddedTokenStore(dataFolder: string): EmbeddedTokenStore {
  return new EmbeddedTokenStore(openInviteBook(dataFolder), new SpentTokens(dataFolder));
}

async function written<T>(change: () => T | Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (cause) {
    const reason = cause instanceof Failure ? cause.message : errorCode(cause);
    const message = `invites and spent tokens cannot be written (${reason})`;
    throw new StoreUnavailableError(message, { cause });
  }
}
