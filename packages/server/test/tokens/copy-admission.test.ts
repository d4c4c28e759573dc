import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "@glowworm/protocol/testing";
import { makeInvite, openForTool, type ToolWorld } from "@glowworm/server";
import { expect, it } from "vitest";
import { copyAdmission } from "../../src/tokens/copy-admission.ts";
import { openEmbeddedTokenStore } from "../../src/tokens/embedded-token-store.ts";
import { openInviteBook } from "../../src/tokens/invite-book.ts";
import { loadTokenSecret } from "../../src/tokens/token-secret.ts";
import { crypto, temporaryFolder } from "../support/fixtures.ts";

const random = seededRandom("copy admission");
const world: ToolWorld = { crypto, openForReading: openForTool, pause: async () => {} };
const NONCE = new Uint8Array(32).fill(1);
const [MARK, OTHER] = [new Uint8Array(16).fill(2), new Uint8Array(16).fill(3)];

it("a copy has the secret, the invites and what was spent, beside a server that runs", async () => {
  const [from, to] = [temporaryFolder(), temporaryFolder()];
  const secret = await loadTokenSecret(from, random, () => undefined);
  const invites = openInviteBook(from);
  await makeInvite(
    { crypto, random, invites },
    { name: "roof", tokensPerDay: 64, days: null, today: 100 },
  );
  const running = openEmbeddedTokenStore(from);
  await running.bind(100, NONCE, MARK);

  expect(await copyAdmission(world, from, to)).toBe(3);
  await makeInvite(
    { crypto, random, invites },
    { name: "mast", tokensPerDay: 64, days: null, today: 100 },
  );
  expect(await copyAdmission(world, from, to)).toBe(3);

  expect(await loadTokenSecret(to, random, () => undefined)).toEqual(secret);
  const copied = openInviteBook(to);
  expect(await copied.list()).toEqual(await invites.list());
  const restored = openEmbeddedTokenStore(to);
  expect(await restored.bind(100, NONCE, OTHER)).toBe(false);
  expect(await restored.bind(100, NONCE, MARK)).toBe(true);
  for (const name of ["token.secret", "invites.sqlite", "spent/100.sqlite"]) {
    expect(statSync(join(to, "admission", name)).mode & 0o077, name).toBe(0);
  }
  for (const open of [running, restored]) await open.close();
  for (const open of [invites, copied]) await open.close();
});

it("a copy has forgotten the days that the server has", async () => {
  const [from, to] = [temporaryFolder(), temporaryFolder()];
  const running = openEmbeddedTokenStore(from);
  await running.bind(100, NONCE, MARK);
  await running.dropBefore(101);
  await copyAdmission(world, from, to);
  const restored = openEmbeddedTokenStore(to);
  expect(await restored.bind(100, NONCE, OTHER)).toBe(false);
  for (const open of [running, restored]) await open.close();
});

it("a public server has nothing to copy", async () => {
  const [from, to] = [temporaryFolder(), temporaryFolder()];
  expect(await copyAdmission(world, from, to)).toBe(0);
  expect(existsSync(join(to, "admission"))).toBe(false);
});
