import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex, type UploadToken } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTokenWallet } from "../src/index.ts";

const SERVER = new URL("http://server.test");
const TODAY = 20_778;
const random = seededRandom("wallet");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-wallet-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function someTokens(count: number, day: number = TODAY): readonly UploadToken[] {
  return Array.from({ length: count }, () => {
    return { day, nonce: random.bytes(32), output: random.bytes(64) };
  });
}

describe("a wallet", () => {
  it("gives each token out once, whether or not it is opened anew in between", () => {
    const tokens = someTokens(32);
    openTokenWallet(folder, SERVER, random).add(tokens, 0, 0);
    const nonces = tokens.map(() => {
      const token = openTokenWallet(folder, SERVER, random).spend(0, TODAY);
      return toHex(token?.nonce ?? new Uint8Array());
    });
    expect([...nonces].sort()).toEqual(tokens.map(({ nonce }) => toHex(nonce)).sort());
    const wallet = openTokenWallet(folder, SERVER, random);
    expect([wallet.count(TODAY), wallet.spend(0, TODAY)]).toEqual([0, null]);
  });

  it("gives none out before its wait is over, and draws a wait for each", () => {
    const wallet = openTokenWallet(folder, SERVER, random);
    wallet.add(someTokens(32), 60, 600);
    expect(wallet.spend(59, TODAY)).toBeNull();
    const ready = (now: number): number => {
      let spent = 0;
      while (spent < 33 && wallet.spend(now, TODAY) !== null) spent++;
      return spent;
    };
    const halves = [ready(330), ready(600)];
    expect(halves[0]).toBeGreaterThan(4);
    expect(halves[1]).toBeGreaterThan(4);
    expect(wallet.count(TODAY)).toBe(0);
  });

  it("keeps the keys it was shown, and takes no other for the same day, after a restart either", () => {
    const [key, other] = [random.bytes(32), random.bytes(32)];
    expect(openTokenWallet(folder, SERVER, random).pin(new Map([[TODAY, key]]))).toBe(true);
    const wallet = openTokenWallet(folder, SERVER, random);
    const changed = new Map([
      [TODAY - 1, other],
      [TODAY, other],
    ]);
    expect([wallet.pin(changed), wallet.keyOf(TODAY - 1)]).toEqual([false, undefined]);
    expect(
      wallet.pin(
        new Map([
          [TODAY, key],
          [TODAY + 1, other],
        ]),
      ),
    ).toBe(true);
    expect(wallet.keyOf(TODAY)).toEqual(key);
  });
});
