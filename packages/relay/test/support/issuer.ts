import {
  decodeIssueRequest,
  decodeUploadToken,
  type Evaluation,
  encodeIssueAnswer,
  evaluateBlinded,
  type IssueAnswer,
  isGenuine,
  PATHS,
  PROBLEMS,
  type ProblemCode,
  type RandomSource,
  toHex,
  tokenKeysOf,
  type UploadToken,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { uploadRecords } from "../../../../test/support/upload-records.ts";

/** What was asked of an issuer. */
export interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An invite-only server in this process, honest unless a test changes what it answers. */
export class Issuer {
  readonly asked: Asked[] = [];
  readonly random: RandomSource = seededRandom("issuer");
  secret: Uint8Array = new Uint8Array(32).fill(3);
  /** Refuses whatever goes to a path, with this code. */
  readonly refusals: Map<string, ProblemCode> = new Map();
  /** Loses the answer to whatever goes to a path. */
  readonly losses: Set<string> = new Set();
  /** How elements are evaluated, when not with the key of the day. */
  evaluate: ((blinded: readonly Uint8Array[]) => Evaluation) | null = null;
  forge: (answer: IssueAnswer) => Uint8Array = encodeIssueAnswer;
  keyList: (keys: readonly object[]) => string = (keys) => JSON.stringify({ v: 1, keys });
  readonly #today: () => number;

  constructor(today: () => number) {
    this.#today = today;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const path = new URL(url).pathname;
    const body = new Uint8Array((init.body as Uint8Array<ArrayBuffer> | undefined) ?? []);
    this.asked.push({ path, headers: init.headers as Record<string, string>, body });
    const response = this.#answer(path, body);
    if (this.losses.has(path)) throw new TypeError("fetch failed");
    return response;
  };

  /** Bodies that went to a path. */
  bodies(path: string): readonly Uint8Array[] {
    return this.asked.filter((asked) => asked.path === path).map(({ body }) => body);
  }

  /** Tokens of all uploads, in order; each is checked. */
  tokens(): readonly UploadToken[] {
    return this.asked.flatMap(({ path, headers }) => {
      if (path !== PATHS.sightings) return [];
      const text = (headers["authorization"] ?? "").replace("Glowworm-Token ", "");
      const token = decodeUploadToken(new Uint8Array(Buffer.from(text, "base64url")));
      if (!isGenuine(tokenKeysOf(this.secret, token.day), token)) throw new Error("not genuine");
      return [token];
    });
  }

  #answer(path: string, body: Uint8Array): Response {
    const code = this.refusals.get(path);
    if (code !== undefined) {
      const headers = { "content-type": "application/problem+json" };
      return new Response(JSON.stringify({ code }), { status: PROBLEMS[code], headers });
    }
    if (path === PATHS.tokenKeys) return new Response(this.keyList(this.#keys()));
    if (path === PATHS.tokens) return new Response(new Uint8Array(this.forge(this.#issue(body))));
    uploadRecords(body);
    return new Response(null, { status: 201 });
  }

  #keys(): readonly object[] {
    return Array.from({ length: 9 }, (_, n) => {
      const day = this.#today() - 1 + n;
      return { day, publicKey: toHex(tokenKeysOf(this.secret, day).publicKey) };
    });
  }

  #issue(body: Uint8Array): IssueAnswer {
    const { day, blinded } = decodeIssueRequest(body);
    if (this.evaluate !== null) return { day, ...this.evaluate(blinded) };
    return { day, ...evaluateBlinded(this.random, tokenKeysOf(this.secret, day), blinded) };
  }
}
