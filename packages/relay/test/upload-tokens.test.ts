import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "@glowworm/platform";
import {
  encodeIssueAnswer,
  evaluateBlinded,
  PATHS,
  type ProblemCode,
  TOKENS_PER_ISSUE,
  toHex,
  tokenKeysOf,
  UPLOAD_RECORD_BYTES,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Outbox,
  openOutbox,
  openTokenWallet,
  ServerClient,
  Uploader,
  UploadTokens,
} from "../src/index.ts";
import { Issuer } from "./support/issuer.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NOON_MS = 20_778 * DAY_MS + DAY_MS / 2;
const SERVER = new URL("http://server.test");
const INVITE = new Uint8Array(16).fill(5);

let folder: string;
let outbox: Outbox;
let clock: FakeClock;
let issuer: Issuer;
let uploader: Uploader;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-tokens-"));
  outbox = openOutbox(folder, seededRandom("outbox")).outbox;
  clock = new FakeClock(NOON_MS);
  issuer = new Issuer(() => Math.floor(clock.nowMs() / DAY_MS));
  uploader = invited("first");
});

afterEach(() => {
  outbox.close();
  rmSync(folder, { recursive: true });
});

/** An uploader with an invite, over the state folder as it is. */
function invited(seed: string, server: URL = SERVER): Uploader {
  const world = { clock, random: seededRandom(seed), fetch: issuer.fetch, server };
  const wallet = openTokenWallet(folder, server, world.random);
  const client = new ServerClient(world);
  const tokens = new UploadTokens({ ...world, invite: INVITE, wallet, client });
  return new Uploader({ ...world, outbox, tokens });
}

let filled = 0;
function fill(count: number): void {
  const now = Math.floor(clock.nowMs() / 1000);
  outbox.add(
    Array.from({ length: count }, () => {
      filled++;
      const envelope = new Uint8Array(113).fill(filled);
      envelope[0] = 1;
      const putId = new Uint8Array(32).fill(filled >> 8);
      return { record: { putId, envelope }, notBefore: now, heardAt: now };
    }),
  );
}

/** Steps once a second, as a relay does. */
async function run(seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    await uploader.step();
    clock.advance(1000);
  }
}

const uploads = (): readonly Uint8Array[] => issuer.bodies(PATHS.sightings);
const records = (bodies: readonly Uint8Array[]): readonly number[] =>
  bodies.map((body) => body.length / UPLOAD_RECORD_BYTES);

describe("a relay with an invite", () => {
  it("pays for each batch with a token of its own, and none at once when it was issued", async () => {
    fill(3);
    await run(59);
    expect(issuer.asked.map(({ path }) => path)).toEqual([PATHS.tokenKeys, PATHS.tokens]);
    await run(541);
    expect(uploads().length).toBe(1);
    fill(130);
    await run(200);
    expect(outbox.size).toBe(0);
    const tokens = issuer.tokens();
    expect(tokens.length).toBe(uploads().length);
    expect(new Set(tokens.map(({ nonce }) => toHex(nonce))).size).toBe(tokens.length);
    expect(uploader.state).toBe("accepting");
  });

  it("asks for the keys without anything of its own, and always for as many tokens", async () => {
    await run(1);
    const [keys, issue] = issuer.asked;
    expect(keys?.body.length).toBe(0);
    for (const asked of [keys, issue]) {
      expect(asked?.headers["authorization"]).toBeUndefined();
      expect(asked?.headers["connection"]).toBe("close");
    }
    expect(issue?.body.length).toBe(21 + 32 * TOKENS_PER_ISSUE);
  });

  it("gathers records for 150 s unless a batch is full, so that a day costs at most 576 tokens", async () => {
    await run(600);
    for (let minute = 0; minute < 10; minute++) {
      fill(1);
      await run(60);
    }
    expect(uploads().length).toBeLessThanOrEqual(5);
    const before = uploads().length;
    fill(64);
    await run(1);
    expect(records(uploads().slice(before))).toEqual([64]);
  });

  it("sends the same bytes with the same token when the answer was lost", async () => {
    await run(600);
    fill(3);
    issuer.losses.add(PATHS.sightings);
    await run(1);
    expect(uploader.state).toBe("unreachable");
    fill(5);
    issuer.losses.clear();
    await run(20);
    const [first, second] = uploads();
    expect(second).toEqual(first);
    const [a, b] = issuer.tokens();
    expect(b).toEqual(a);
    expect(outbox.size).toBe(5);
    await run(200);
    expect(outbox.size).toBe(0);
    expect(uploader.uploaded).toBe(8);
  });

  it("keeps the records and takes another token when one is refused", async () => {
    await run(600);
    fill(3);
    issuer.refusals.set(PATHS.sightings, "token-refused");
    await run(1);
    expect([uploader.state, outbox.size]).toEqual(["token-refused", 3]);
    issuer.refusals.clear();
    await run(200);
    const [a, b] = issuer.tokens();
    expect(toHex(a?.nonce ?? INVITE)).not.toBe(toHex(b?.nonce ?? INVITE));
    expect([uploader.state, outbox.size]).toEqual(["accepting", 0]);
  });

  it("never spends a token again after a crash between taking it out and the answer", async () => {
    await run(600);
    fill(1);
    issuer.losses.add(PATHS.sightings);
    await run(1);
    issuer.losses.clear();
    uploader = invited("after the crash");
    await run(200);
    const [a, b] = issuer.tokens().map(({ nonce }) => toHex(nonce));
    expect(b).toBeDefined();
    expect(b).not.toBe(a);
    expect(issuer.bodies(PATHS.tokens).length).toBe(1);
  });

  it("keeps its tokens for itself, and drops those of another server or of a damaged file", async () => {
    await run(1);
    const path = join(folder, "upload-tokens.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const issues = (): number => issuer.bodies(PATHS.tokens).length;
    uploader = invited("again");
    await run(1);
    expect(issues()).toBe(1);
    uploader = invited("elsewhere", new URL("http://other.test"));
    await run(1);
    expect(issues()).toBe(2);
    writeFileSync(path, readFileSync(path).subarray(0, 100));
    uploader = invited("damaged");
    await run(1);
    expect(issues()).toBe(3);
    writeFileSync(path, "{}", { mode: 0o600 });
    expect(() => invited("none")).not.toThrow(Failure);
  });

  it("uses yesterday's tokens first, and none of the day before", async () => {
    await run(600);
    clock.advance(DAY_MS);
    fill(1);
    await run(1);
    clock.advance(DAY_MS);
    fill(1);
    await run(700);
    const today = Math.floor(clock.nowMs() / DAY_MS);
    expect(issuer.tokens().map(({ day }) => today - day)).toEqual([2, 0]);
  });

  it("uploads without tokens to a server that is public, and with them when that changes", async () => {
    issuer.refusals.set(PATHS.tokenKeys, "not-found").set(PATHS.tokens, "not-found");
    fill(1);
    await run(1);
    expect(issuer.asked.map(({ path }) => path)).toEqual([PATHS.tokenKeys, PATHS.sightings]);
    expect(issuer.asked[1]?.headers["authorization"]).toBeUndefined();
    issuer.refusals.clear();
    issuer.refusals.set(PATHS.sightings, "token-required");
    fill(1);
    await run(1);
    expect([uploader.state, outbox.size]).toEqual(["invite-needed", 1]);
    issuer.refusals.clear();
    await run(700);
    expect([uploader.state, outbox.size]).toEqual(["accepting", 0]);
  });

  it.each<[ProblemCode, string]>([
    ["invite-refused", "invite-refused"],
    ["tokens-used-up", "no-token"],
    ["token-refused", "token-refused"],
    ["store-unavailable", "busy"],
    ["internal", "failing"],
  ])("keeps everything when issuing is answered with %s, and tries again", async (code, state) => {
    issuer.refusals.set(PATHS.tokens, code);
    fill(2);
    await run(60);
    expect([uploader.state, outbox.size, uploads().length]).toEqual([state, 2, 0]);
    expect(issuer.bodies(PATHS.tokens).length).toBeLessThan(12);
    issuer.refusals.clear();
    clock.advance(HOUR_MS);
    await run(700);
    expect([uploader.state, outbox.size]).toEqual(["accepting", 0]);
  });
});

describe("a relay uses no token of a server that", () => {
  const own = new Uint8Array(32).fill(4);
  it.each<[string, string, (issuer: Issuer) => void]>([
    [
      "answers with a key it does not list",
      "wrong-tokens",
      (evil) => {
        const keys = tokenKeysOf(own, Math.floor(NOON_MS / DAY_MS));
        evil.evaluate = (blinded) => evaluateBlinded(evil.random, keys, blinded);
      },
    ],
    [
      "answers with fewer elements",
      "wrong-server",
      (evil) => {
        evil.forge = (answer) => encodeIssueAnswer(answer).slice(0, -32);
      },
    ],
    [
      "answers with more elements",
      "wrong-server",
      (evil) => {
        evil.forge = (answer) => new Uint8Array([...encodeIssueAnswer(answer), ...INVITE]);
      },
    ],
    [
      "answers for another day",
      "wrong-tokens",
      (evil) => {
        evil.forge = (answer) => encodeIssueAnswer({ ...answer, day: answer.day - 1 });
      },
    ],
    [
      "lists two keys for a day",
      "wrong-server",
      (evil) => {
        evil.keyList = (keys) => JSON.stringify({ v: 1, keys: [keys[0], ...keys] });
      },
    ],
    [
      "lists something else",
      "wrong-server",
      (evil) => {
        evil.keyList = () => "<html>";
      },
    ],
    [
      "lists without end",
      "wrong-server",
      (evil) => {
        evil.keyList = (keys) => " ".repeat(1_000_000) + JSON.stringify({ v: 1, keys });
      },
    ],
  ])("%s", async (_case, state, corrupt) => {
    corrupt(issuer);
    fill(1);
    await run(90);
    expect([uploader.state, uploads().length, outbox.size]).toEqual([state, 0, 1]);
  });

  it("shows this relay another key than before", async () => {
    await run(1);
    issuer.secret = own;
    clock.advance(5 * DAY_MS);
    fill(1);
    await run(60);
    expect([uploader.state, uploads().length]).toEqual(["wrong-tokens", 0]);
    expect(issuer.bodies(PATHS.tokens).length).toBe(1);
  });
});
