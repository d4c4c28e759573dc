import { encodeIssueAnswer, evaluateBlinded, PATHS, tokenKeysOf } from "@glowworm/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DAY_MS, INVITE, InvitedScene, NOON_MS } from "./support/invited-scene.ts";
import type { Issuer } from "./support/issuer.ts";

let scene: InvitedScene;
beforeEach(() => {
  scene = new InvitedScene();
});
afterEach(() => scene.close());

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
    corrupt(scene.issuer);
    scene.fill(1);
    await scene.run(90);
    expect([scene.uploader.state, scene.uploads.length, scene.outbox.size]).toEqual([state, 0, 1]);
  });

  it("shows this relay another key than before", async () => {
    await scene.run(1);
    scene.issuer.secret = own;
    scene.clock.advance(5 * DAY_MS);
    scene.fill(1);
    await scene.run(60);
    expect([scene.uploader.state, scene.uploads.length]).toEqual(["wrong-tokens", 0]);
    expect(scene.issuer.bodies(PATHS.tokens).length).toBe(1);
  });
});
