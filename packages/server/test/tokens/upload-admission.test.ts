import {
  decodeIssueAnswer,
  decodeTokenKeys,
  encodeIssueRequest,
  encodeUploadBatch,
  finishTokens,
  PATHS,
  TOKENS_PER_ISSUE,
  type UploadToken,
} from "@glowworm/protocol";
import { StoreUnavailableError } from "@glowworm/server";
import { beforeEach, describe, expect, it } from "vitest";
import { HOUR_MS, someUpload } from "../support/fixtures.ts";
import { InvitedApp, spending, TODAY } from "../support/invited.ts";
import { refusalOf } from "../support/test-app.ts";

const DAY_MS = 24 * HOUR_MS;
let app: InvitedApp;
beforeEach(() => {
  app = new InvitedApp();
});

function batch(count = 1): Uint8Array {
  return encodeUploadBatch(Array.from({ length: count }, () => someUpload(app.random)));
}

/** Everything an invited relay does, over HTTP. */
async function tokensFor(invite: Uint8Array): Promise<readonly UploadToken[]> {
  const keys = decodeTokenKeys(await (await app.http.get(PATHS.tokenKeys)).text());
  const { response, draft } = await app.ask(invite);
  expect(response.status).toBe(200);
  const answer = decodeIssueAnswer(new Uint8Array(await response.arrayBuffer()));
  return finishTokens(draft, keys.get(answer.day) ?? new Uint8Array(), answer);
}

describe("an invite-only server", () => {
  it("takes a batch for each token it issued to an invited relay", async () => {
    const tokens = await tokensFor(await app.invite());
    expect(tokens.length).toBe(TOKENS_PER_ISSUE);
    for (const token of tokens.slice(0, 3)) {
      expect((await app.upload(spending(token), batch(2))).status).toBe(201);
    }
    expect(app.stored).toBe(6);
  });

  it("takes nothing without a token, and says what to do", async () => {
    const response = await app.upload(null, batch());
    expect(response.headers.get("www-authenticate")).toBe("Glowworm-Token");
    const { code, detail } = (await response.json()) as { code: string; detail: string };
    expect([response.status, code]).toEqual([401, "token-required"]);
    expect(detail).toContain("--invite-file");
    expect(app.stored).toBe(0);
  });

  it.each([
    ["another scheme", "Bearer glowworm"],
    ["no token", "Glowworm-Token "],
    ["a short token", `Glowworm-Token ${"A".repeat(134)}`],
    ["a long token", `Glowworm-Token ${"A".repeat(100_000)}`],
    ["another version", `Glowworm-Token ${"A".repeat(135)}`],
    ["characters of no alphabet", `Glowworm-Token ${"*".repeat(135)}`],
  ])("reads %s as none", async (_case, authorization) => {
    const response = await app.upload(authorization, batch());
    expect(await refusalOf(response)).toEqual([401, "token-required"]);
  });

  it("admits the same body again and again for one token, and no other body", async () => {
    const [header, body] = [spending(app.token()), batch()];
    expect((await app.upload(header, body)).status).toBe(201);
    expect((await app.upload(header, body)).status).toBe(201);
    expect(await refusalOf(await app.upload(header, batch()))).toEqual([403, "token-refused"]);
    expect(app.stored).toBe(2);
  });

  it("keeps the token for the batch when the store fails, and for no other", async () => {
    const [header, body] = [spending(app.token()), batch()];
    app.isStoreDown = new StoreUnavailableError("full");
    expect((await app.upload(header, body)).status).toBe(503);
    app.isStoreDown = null;
    expect(await refusalOf(await app.upload(header, batch()))).toEqual([403, "token-refused"]);
    expect((await app.upload(header, body)).status).toBe(201);
  });

  it.each([
    [-2, 403],
    [-1, 201],
    [0, 201],
    [1, 403],
  ])("answers a genuine token of day %i from today with %i", async (days, status) => {
    const response = await app.upload(spending(app.token(TODAY + days)), batch());
    expect(response.status).toBe(status);
  });

  it("refuses a token of the key of another server, and one with a bit changed", async () => {
    const foreign = app.token(TODAY, new Uint8Array(32).fill(8));
    const genuine = app.token();
    const output = genuine.output.map((byte, index) => (index === 63 ? byte ^ 1 : byte));
    for (const token of [foreign, { ...genuine, output }]) {
      const response = await app.upload(spending(token), batch());
      expect(await refusalOf(response)).toEqual([403, "token-refused"]);
    }
    expect(app.stored).toBe(0);
    expect((await app.upload(spending(genuine), batch())).status).toBe(201);
  });

  it("stops computing for a network that sends forged tokens, and goes on for others", async () => {
    const forged = spending({ ...app.token(), output: new Uint8Array(64) });
    const codes: string[] = [];
    for (let n = 0; n < 66; n++) {
      codes.push((await refusalOf(await app.upload(forged, batch())))[1]);
    }
    expect(codes.filter((code) => code === "token-refused").length).toBe(64);
    expect(codes.slice(64)).toEqual(["rate-limited", "rate-limited"]);
    const honest = app.token();
    const limited = await app.upload(spending(honest), batch());
    expect(Number(limited.headers.get("retry-after"))).toBe(3600);
    app.http.address = "203.0.113.5";
    expect((await app.upload(spending(honest), batch())).status).toBe(201);
    app.http.address = "192.0.2.1";
    app.clock.advance(HOUR_MS);
    expect((await app.upload(spending(app.token()), batch())).status).toBe(201);
  });

  it("counts no honest upload against its network", async () => {
    for (let n = 0; n < 70; n++) {
      expect((await app.upload(spending(app.token()), batch())).status).toBe(201);
    }
  });

  it("counts none that wait for the store either, however many from one network do", async () => {
    let go = (): void => undefined;
    app.tokensWait = new Promise((resolve) => {
      go = resolve;
    });
    const all = Array.from({ length: 70 }, () => app.upload(spending(app.token()), batch()));
    const statuses = Promise.all(all.map(async (one) => (await one).status));
    go();
    expect(new Set(await statuses)).toEqual(new Set([201]));
  });

  it("forgets what was spent when the token's day is over, by then it is refused for its day", async () => {
    const [token, body] = [app.token(), batch()];
    await app.upload(spending(token), body);
    app.clock.advance(DAY_MS);
    await app.admission.forgetOld();
    expect((await app.upload(spending(token), batch())).status).toBe(403);
    expect((await app.upload(spending(token), body)).status).toBe(201);
    app.clock.advance(DAY_MS);
    await app.admission.forgetOld();
    expect(await refusalOf(await app.upload(spending(token), body))).toEqual([
      403,
      "token-refused",
    ]);
  });

  it("takes no spent token again after a clock that was two days ahead is right, and those of the next day", async () => {
    const [token, unspent, body] = [app.token(), app.token(), batch()];
    expect((await app.upload(spending(token), body)).status).toBe(201);
    app.clock.advance(2 * DAY_MS);
    await app.admission.forgetOld();
    app.clock.setWall(app.clock.nowMs() - 2 * DAY_MS);
    await app.admission.forgetOld();
    for (const old of [token, unspent]) {
      const response = await app.upload(spending(old), batch());
      expect(await refusalOf(response)).toEqual([403, "token-refused"]);
    }
    app.clock.advance(DAY_MS);
    expect((await app.upload(spending(app.token(TODAY + 1)), batch())).status).toBe(201);
    expect(app.stored).toBe(2);
  });
});

it("a disk that fails is no failure of the network that uploads or asks", async () => {
  const invite = await app.invite();
  app.tokensFail = new StoreUnavailableError("EIO");
  for (let time = 0; time < 70; time++) {
    expect((await app.upload(spending(app.token()), batch())).status).toBe(503);
    if (time % 10 === 0) expect((await app.ask(invite)).response.status).toBe(503);
  }
  app.tokensFail = null;
  expect((await app.upload(spending(app.token()), batch())).status).toBe(201);
  expect((await app.ask(invite)).response.status).toBe(200);
});

describe("issuing", () => {
  it("lists the same keys to everybody, from yesterday to a week ahead, and never changes one", async () => {
    const text = await (await app.http.get(PATHS.tokenKeys)).text();
    app.http.address = "203.0.113.5";
    expect(await (await app.http.get(PATHS.tokenKeys)).text()).toBe(text);
    const before = decodeTokenKeys(text);
    expect([...before.keys()]).toEqual(Array.from({ length: 9 }, (_, n) => TODAY - 1 + n));
    app.clock.advance(DAY_MS);
    const after = decodeTokenKeys(await (await app.http.get(PATHS.tokenKeys)).text());
    for (const [day, key] of after) {
      if (day < TODAY + 8) expect(key).toEqual(before.get(day));
    }
  });

  it("refuses an invite that is unknown, has ended or was made for another server alike", async () => {
    const ended = await app.invite({ days: 1 });
    expect((await app.ask(ended)).response.status).toBe(200);
    app.clock.advance(DAY_MS);
    for (const invite of [ended, app.random.bytes(16), new Uint8Array(16)]) {
      const { response } = await app.ask(invite, TODAY + 1);
      expect(await refusalOf(response)).toEqual([403, "invite-refused"]);
    }
  });

  it("issues as many tokens a day as the invite has, to all relays that share it together", async () => {
    const invite = await app.invite({ tokensPerDay: 2 * TOKENS_PER_ISSUE + 1 });
    const statuses: number[] = [];
    for (const address of ["192.0.2.1", "203.0.113.5", "198.51.100.7"]) {
      app.http.address = address;
      statuses.push((await app.ask(invite)).response.status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    const { response } = await app.ask(invite);
    expect(Number(response.headers.get("retry-after"))).toBe(12 * 3600);
    expect(await refusalOf(response)).toEqual([429, "tokens-used-up"]);
    app.clock.advance(12 * HOUR_MS);
    expect((await app.ask(invite, TODAY + 1)).response.status).toBe(200);
  });

  it.each([-1, 1])("refuses to issue for day %i from today", async (days) => {
    const { response } = await app.ask(await app.invite(), TODAY + days);
    expect(await refusalOf(response)).toEqual([403, "token-refused"]);
  });

  it("refuses elements that are none, a body of another length and another version", async () => {
    const invite = await app.invite();
    const blinded = Array.from({ length: TOKENS_PER_ISSUE }, () => new Uint8Array(32));
    const request = encodeIssueRequest({ invite, day: TODAY, blinded });
    const bodies: readonly (readonly [Uint8Array, string])[] = [
      [request, "bad-length"],
      [request.slice(1), "unsupported-version"],
      [request.slice(0, -1), "bad-length"],
      [new Uint8Array([...request, 0]), "body-too-large"],
      [new Uint8Array(), "bad-length"],
    ];
    for (const [body, code] of bodies) {
      expect((await refusalOf(await app.askBytes(body)))[1]).toBe(code);
    }
  });

  it("stops a network that tries invites", async () => {
    let last = 0;
    const blinded = Array.from({ length: TOKENS_PER_ISSUE }, () => new Uint8Array(32));
    for (let n = 0; n < 65; n++) {
      const invite = app.random.bytes(16);
      last = (await app.askBytes(encodeIssueRequest({ invite, day: TODAY, blinded }))).status;
    }
    expect(last).toBe(429);
  });

  it("says which methods its paths have", async () => {
    expect((await app.http.get(PATHS.tokens)).status).toBe(405);
    expect((await app.http.get(PATHS.tokenKeys, "POST")).status).toBe(405);
  });
});
