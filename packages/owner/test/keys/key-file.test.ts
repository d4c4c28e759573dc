import { DecodeError, loadCrypto } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { decodeKeyFile, encodeKeyFile, unlock } from "../../src/keys/key-file.ts";

const crypto = await loadCrypto();
const ownerKey = seededRandom("owner key").bytes(32);

function encode(passphrase: string | null): Promise<Uint8Array> {
  return encodeKeyFile(crypto, seededRandom("salt"), ownerKey, passphrase);
}

describe("key file", () => {
  it("gives the key back without a passphrase when it was made without one", async () => {
    const stored = decodeKeyFile(crypto, await encode(null));
    expect(stored).toEqual({ protection: "none", ownerKey });
  });

  it("gives the key back for the passphrase, however its letters are composed", async () => {
    const stored = decodeKeyFile(crypto, await encode("Glühwürmchen"));
    if (stored.protection !== "passphrase") throw new Error("expected a passphrase");
    expect(await unlock(crypto, stored, "Glühwürmchen".normalize("NFD"))).toEqual(ownerKey);
  });

  it("does not hold the key in the clear when there is a passphrase", async () => {
    const file = Buffer.from(await encode("correct horse"));
    expect(file.includes(Buffer.from(ownerKey))).toBe(false);
  });

  it("tells a wrong passphrase from a damaged file", async () => {
    const file = await encode("correct horse");
    const stored = decodeKeyFile(crypto, file);
    if (stored.protection !== "passphrase") throw new Error("expected a passphrase");
    await expect(unlock(crypto, stored, "wrong")).rejects.toMatchObject({ exit: "wrongKey" });
    for (let at = 0; at < file.length; at++) {
      const damaged = file.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => decodeKeyFile(crypto, damaged)).toThrow(DecodeError);
    }
  });

  it.each([null, "correct horse"])("refuses every truncation and one extra byte", async (words) => {
    const file = await encode(words);
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeKeyFile(crypto, file.subarray(0, length))).toThrow(DecodeError);
    }
    expect(() => decodeKeyFile(crypto, new Uint8Array([...file, 0]))).toThrow(DecodeError);
  });
});
