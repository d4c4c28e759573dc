import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "@glowworm/platform";
import { PATHS, type ProblemCode, TOKENS_PER_ISSUE, toHex } from "@glowworm/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DAY_MS, INVITE, InvitedScene } from "./support/invited-scene.ts";

const HOUR_MS = 3_600_000;

let scene: InvitedScene;
beforeEach(() => {
  scene = new InvitedScene();
});
afterEach(() => scene.close());

describe("a relay with an invite", () => {
  it("pays for each batch with a token of its own, and none at once when it was issued", async () => {
    scene.fill(3);
    await scene.run(59);
    expect(scene.issuer.asked.map(({ path }) => path)).toEqual([PATHS.tokenKeys, PATHS.tokens]);
    await scene.run(541);
    expect(scene.uploads.length).toBe(1);
    scene.fill(130);
    await scene.run(200);
    expect(scene.outbox.size).toBe(0);
    const tokens = scene.issuer.tokens();
    expect(tokens.length).toBe(scene.uploads.length);
    expect(new Set(tokens.map(({ nonce }) => toHex(nonce))).size).toBe(tokens.length);
    expect(scene.uploader.state).toBe("accepting");
  });

  it("asks for the keys without anything of its own, and always for as many tokens", async () => {
    await scene.run(1);
    const [keys, issue] = scene.issuer.asked;
    expect(keys?.body.length).toBe(0);
    for (const asked of [keys, issue]) {
      expect(asked?.headers["authorization"]).toBeUndefined();
      expect(asked?.headers["connection"]).toBe("close");
    }
    expect(issue?.body.length).toBe(21 + 32 * TOKENS_PER_ISSUE);
  });

  it("gathers records for 150 s unless a batch is full, so that a day costs at most 576 tokens", async () => {
    await scene.run(600);
    for (let minute = 0; minute < 10; minute++) {
      scene.fill(1);
      await scene.run(60);
    }
    expect(scene.uploads.length).toBeLessThanOrEqual(5);
    const before = scene.uploads.length;
    scene.fill(64);
    await scene.run(1);
    expect(scene.recordCounts(before)).toEqual([64]);
  });

  it("sends the same bytes with the same token when the answer was lost", async () => {
    await scene.run(600);
    scene.fill(3);
    scene.issuer.losses.add(PATHS.sightings);
    await scene.run(1);
    expect(scene.uploader.state).toBe("unreachable");
    scene.fill(5);
    scene.issuer.losses.clear();
    await scene.run(20);
    const [first, second] = scene.uploads;
    expect(second).toEqual(first);
    const [a, b] = scene.issuer.tokens();
    expect(b).toEqual(a);
    expect(scene.outbox.size).toBe(5);
    await scene.run(200);
    expect(scene.outbox.size).toBe(0);
    expect(scene.uploader.uploaded).toBe(8);
  });

  it("keeps the records and takes another token when one is refused", async () => {
    await scene.run(600);
    scene.fill(3);
    scene.issuer.refusals.set(PATHS.sightings, "token-refused");
    await scene.run(1);
    expect([scene.uploader.state, scene.outbox.size]).toEqual(["token-refused", 3]);
    scene.issuer.refusals.clear();
    await scene.run(200);
    const [a, b] = scene.issuer.tokens();
    expect(toHex(a?.nonce ?? INVITE)).not.toBe(toHex(b?.nonce ?? INVITE));
    expect([scene.uploader.state, scene.outbox.size]).toEqual(["accepting", 0]);
  });

  it("never spends a token again after a crash between taking it out and the answer", async () => {
    await scene.run(600);
    scene.fill(1);
    scene.issuer.losses.add(PATHS.sightings);
    await scene.run(1);
    scene.issuer.losses.clear();
    scene.restart("after the crash");
    await scene.run(200);
    const [a, b] = scene.issuer.tokens().map(({ nonce }) => toHex(nonce));
    expect(b).toBeDefined();
    expect(b).not.toBe(a);
    expect(scene.issuer.bodies(PATHS.tokens).length).toBe(1);
  });

  it("keeps its tokens for itself, and drops those of another server or of a damaged file", async () => {
    await scene.run(1);
    const path = join(scene.folder, "upload-tokens.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const issues = (): number => scene.issuer.bodies(PATHS.tokens).length;
    scene.restart("again");
    await scene.run(1);
    expect(issues()).toBe(1);
    scene.restart("elsewhere", new URL("http://other.test"));
    await scene.run(1);
    expect(issues()).toBe(2);
    writeFileSync(path, readFileSync(path).subarray(0, 100));
    scene.restart("damaged");
    await scene.run(1);
    expect(issues()).toBe(3);
    writeFileSync(path, "{}", { mode: 0o600 });
    expect(() => scene.invited("none")).not.toThrow(Failure);
  });

  it("uses yesterday's tokens first, and none of the day before", async () => {
    await scene.run(600);
    scene.clock.advance(DAY_MS);
    scene.fill(1);
    await scene.run(1);
    scene.clock.advance(DAY_MS);
    scene.fill(1);
    await scene.run(700);
    const today = Math.floor(scene.clock.nowMs() / DAY_MS);
    expect(scene.issuer.tokens().map(({ day }) => today - day)).toEqual([2, 0]);
  });

  it("uploads without tokens to a server that is public, and with them when that changes", async () => {
    scene.issuer.refusals.set(PATHS.tokenKeys, "not-found").set(PATHS.tokens, "not-found");
    scene.fill(1);
    await scene.run(1);
    expect(scene.issuer.asked.map(({ path }) => path)).toEqual([PATHS.tokenKeys, PATHS.sightings]);
    expect(scene.issuer.asked[1]?.headers["authorization"]).toBeUndefined();
    scene.issuer.refusals.clear();
    scene.issuer.refusals.set(PATHS.sightings, "token-required");
    scene.fill(1);
    await scene.run(1);
    expect([scene.uploader.state, scene.outbox.size]).toEqual(["invite-needed", 1]);
    scene.issuer.refusals.clear();
    await scene.run(700);
    expect([scene.uploader.state, scene.outbox.size]).toEqual(["accepting", 0]);
  });

  it.each<[ProblemCode, string]>([
    ["invite-refused", "invite-refused"],
    ["tokens-used-up", "no-token"],
    ["token-refused", "token-refused"],
    ["store-unavailable", "busy"],
    ["internal", "failing"],
  ])("keeps everything when issuing is answered with %s, and tries again", async (code, state) => {
    scene.issuer.refusals.set(PATHS.tokens, code);
    scene.fill(2);
    await scene.run(60);
    expect([scene.uploader.state, scene.outbox.size, scene.uploads.length]).toEqual([state, 2, 0]);
    expect(scene.issuer.bodies(PATHS.tokens).length).toBeLessThan(12);
    scene.issuer.refusals.clear();
    scene.clock.advance(HOUR_MS);
    await scene.run(700);
    expect([scene.uploader.state, scene.outbox.size]).toEqual(["accepting", 0]);
  });
});
