import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "@glowworm/platform";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadRelaySecret } from "../src/index.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-secret-"));
  file = join(folder, "relay.secret");
});

afterEach(() => rmSync(folder, { recursive: true }));

it("is made once, for the relay alone, and stays the same", () => {
  const secret = loadRelaySecret(folder, seededRandom(1));
  expect(secret.length).toBe(32);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(loadRelaySecret(folder, seededRandom(2))).toEqual(secret);
});

it("is refused when it was cut short", () => {
  writeFileSync(file, new Uint8Array(31), { mode: 0o600 });
  expect(() => loadRelaySecret(folder, seededRandom(1))).toThrow(Failure);
});

it("is refused when others can read it", () => {
  loadRelaySecret(folder, seededRandom(1));
  chmodSync(file, 0o644);
  expect(() => loadRelaySecret(folder, seededRandom(1))).toThrow(Failure);
});
