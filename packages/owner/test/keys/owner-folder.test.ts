import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadCrypto } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { OwnerFolder } from "../../src/keys/owner-folder.ts";
import { temporaryFolder } from "../support/folders.ts";

const crypto = await loadCrypto();
const ownerKey = seededRandom("folder").bytes(32);
const random = seededRandom("salt");
const never = (): Promise<string> => Promise.reject(new Error("must not ask"));

async function keyIn(path: string): Promise<OwnerFolder> {
  const folder = new OwnerFolder(crypto, path);
  await folder.createKey(random, ownerKey, null);
  return folder;
}

describe("owner folder", () => {
  it("keeps the key for its owner's eyes only", async () => {
    const path = join(temporaryFolder(), "glowworm");
    const folder = await keyIn(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(folder.keyPath).mode & 0o777).toBe(0o600);
    expect(await folder.loadKey(never)).toEqual(ownerKey);
  });

  it("never overwrites a key", async () => {
    const folder = await keyIn(temporaryFolder());
    const before = readFileSync(folder.keyPath);
    const other = folder.createKey(random, new Uint8Array(32), null);
    await expect(other).rejects.toMatchObject({ exit: "usage" });
    expect(readFileSync(folder.keyPath)).toEqual(before);
  });

  it.each([0o640, 0o604, 0o660])("refuses a key file of mode %o", async (mode) => {
    const folder = await keyIn(temporaryFolder());
    chmodSync(folder.keyPath, mode);
    await expect(folder.loadKey(never)).rejects.toMatchObject({ exit: "noPermission" });
  });

  it("says that there is no key, or that it is damaged", async () => {
    const path = temporaryFolder();
    const missing = new OwnerFolder(crypto, path).loadKey(never);
    await expect(missing).rejects.toMatchObject({ exit: "keyMissing", remedy: "glowworm init" });
    const folder = await keyIn(path);
    truncateSync(folder.keyPath, 20);
    await expect(folder.loadKey(never)).rejects.toMatchObject({ exit: "keyMissing" });
  });

  it("asks for the passphrase only when there is one", async () => {
    const folder = new OwnerFolder(crypto, temporaryFolder());
    await folder.createKey(random, ownerKey, "correct horse");
    expect(await folder.loadKey(() => Promise.resolve("correct horse"))).toEqual(ownerKey);
    const wrong = folder.loadKey(() => Promise.resolve("battery staple"));
    await expect(wrong).rejects.toMatchObject({ exit: "wrongKey" });
  });

  it("has an empty registry until one is written, and names the file when it is damaged", () => {
    const path = temporaryFolder();
    const folder = new OwnerFolder(crypto, path);
    expect(folder.readRegistry()).toEqual({ server: null, nextNumber: 1, devices: [] });
    folder.writeRegistry({ server: "https://glow.test", nextNumber: 5, devices: [] });
    expect(folder.readRegistry().nextNumber).toBe(5);
    expect(statSync(join(path, "devices.json")).mode & 0o777).toBe(0o600);
    writeFileSync(join(path, "devices.json"), "[]");
    expect(() => folder.readRegistry()).toThrow(expect.objectContaining({ exit: "keyMissing" }));
  });
});
