import {
  decodeInvite,
  draftTokens,
  encodeIssueRequest,
  encodeUploadToken,
  evaluateBlinded,
  evaluateInput,
  PATHS,
  type RandomSource,
  STORABLE_RECORD_BYTES,
  type TokenDraft,
  tokenKeysOf,
  type UploadToken,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import type { ReportStore } from "@glowworm/server";
import type { IdCap } from "../../src/id-cap.ts";
import { openEmbeddedTokenStore } from "../../src/tokens/embedded-token-store.ts";
import { openInviteBook } from "../../src/tokens/invite-book.ts";
import { makeInvite } from "../../src/tokens/make-invite.ts";
import type { TokenIssuer } from "../../src/tokens/token-issuer.ts";
import type { TokenStore } from "../../src/tokens/token-store.ts";
import { UploadAdmission } from "../../src/tokens/upload-admission.ts";
import { crypto, NOON_MS, temporaryFolder } from "./fixtures.ts";
import { OCTETS, TestApp } from "./test-app.ts";

export const TODAY: number = NOON_MS / 86_400_000 - 0.5;
const SECRET = new Uint8Array(32).fill(7);

/** An invite-only app in this process, over a store that remembers how many reports it was given. */
export class InvitedApp {
  readonly folder: string = temporaryFolder();
  readonly clock: FakeClock = new FakeClock(NOON_MS);
  readonly random: RandomSource = seededRandom("invited app");
  readonly http: TestApp;
  stored = 0;
  isStoreDown: Error | null = null;
  /** What befalls whoever asks for invites and spent tokens. */
  tokensFail: Error | null = null;
  /** What they wait for, as for a cluster. */
  tokensWait: Promise<void> = Promise.resolve();
  /** Issues in this thread. */
  issuer: TokenIssuer = {
    evaluate: async (keys, blinded) => evaluateBlinded(this.random, keys, blinded),
    close: async () => {},
  };
  #admission: UploadAdmission | undefined;

  constructor(issuer?: TokenIssuer) {
    if (issuer !== undefined) this.issuer = issuer;
    this.http = new TestApp(this.#store(), this.clock, (cap) => this.#open(cap));
  }

  get admission(): UploadAdmission {
    if (this.#admission === undefined) throw new Error("not open");
    return this.#admission;
  }

  /** Secret of a new invite, as the operator makes it. */
  async invite(change: { tokensPerDay?: number; days?: number } = {}): Promise<Uint8Array> {
    const invites = openInviteBook(this.folder);
    const order = { name: "test", tokensPerDay: 640, days: null, today: TODAY, ...change };
    const { text } = await makeInvite({ crypto, random: this.random, invites }, order);
    await invites.close();
    return decodeInvite(crypto, text);
  }

  /** A genuine token, made with the server's secret and not issued: the same to who checks it. */
  token(day: number = TODAY, secret: Uint8Array = SECRET): UploadToken {
    const nonce = this.random.bytes(32);
    const bare = encodeUploadToken({ day, nonce, output: new Uint8Array(64) });
    return { day, nonce, output: evaluateInput(tokenKeysOf(secret, day), bare.slice(0, 37)) };
  }

  upload(authorization: string | null, body: Uint8Array): Promise<Response> {
    const headers = authorization === null ? OCTETS : { ...OCTETS, authorization };
    return this.http.uploadBytes(new Uint8Array(body), headers);
  }

  /** Asks for tokens and returns the answer with what was asked. */
  async ask(
    invite: Uint8Array,
    day: number = TODAY,
  ): Promise<{ readonly response: Response; readonly draft: TokenDraft }> {
    const draft = draftTokens(this.random, day);
    const blinded = draft.blindings.map((blinding) => blinding.blinded);
    return { response: await this.askBytes(encodeIssueRequest({ invite, day, blinded })), draft };
  }

  async askBytes(body: Uint8Array): Promise<Response> {
    const init = { method: "POST", headers: OCTETS, body: new Uint8Array(body), duplex: "half" };
    return await this.http.app.request(PATHS.tokens, init as RequestInit);
  }

  #open(cap: IdCap): UploadAdmission {
    const { clock } = this;
    const store = this.#orDown(openEmbeddedTokenStore(this.folder));
    this.#admission = new UploadAdmission({
      tokenSecret: SECRET,
      store,
      cap,
      issuer: this.issuer,
      clock,
      crypto,
    });
    return this.#admission;
  }

  #orDown(store: TokenStore): TokenStore {
    const up = async (): Promise<void> => {
      await this.tokensWait;
      if (this.tokensFail !== null) throw this.tokensFail;
    };
    return {
      take: async (...words) => up().then(() => store.take(...words)),
      bind: async (...words) => up().then(() => store.bind(...words)),
      dropBefore: (day) => store.dropBefore(day),
      close: () => store.close(),
    };
  }

  #store(): ReportStore {
    const unused = (): Promise<never> => Promise.reject(new Error("not asked for"));
    return {
      put: async (records) => {
        if (this.isStoreDown !== null) throw this.isStoreDown;
        this.stored += records.length / STORABLE_RECORD_BYTES;
      },
      ...{
        published: unused,
        segment: unused,
        manifest: unused,
        page: unused,
        filter: unused,
        maintain: unused,
      },
      health: () => ({ isWritable: true, arrivalFloor: 0 }),
      close: async () => {},
    };
  }
}

/** The header in which a token is spent. */
export function spending(token: UploadToken): string {
  return `Glowworm-Token ${Buffer.from(encodeUploadToken(token)).toString("base64url")}`;
}
