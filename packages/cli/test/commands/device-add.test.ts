import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CARD_DAYS, dayOf, decodeCardFile, loadCrypto } from "@glowworm/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { glowworm } from "../support/glowworm.ts";

const crypto = await loadCrypto();
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe("glowworm device add", () => {
  it("writes ten years of cards that only the owner of the folder can read", async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    const { code, out, talk } = await glowworm(home, ["device", "add", "laptop"]);
    expect({ code, out }).toEqual({ code: 0, out: "laptop.cards\n" });
    expect(talk).toContain("glowworm beacon run --cards laptop.cards");
    const path = join(home, "laptop.cards");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { cards } = decodeCardFile(crypto, new Uint8Array(readFileSync(path)));
    expect(cards).toHaveLength(CARD_DAYS);
    expect(Math.abs((cards[0]?.day ?? 0) - dayOf(Date.now() / 1000))).toBeLessThanOrEqual(1);
  });

  it("overwrites no file and registers nothing then", async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    writeFileSync(join(home, "laptop.cards"), "mine");
    expect(await glowworm(home, ["device", "add", "laptop"])).toMatchObject({ code: 2 });
    expect(readFileSync(join(home, "laptop.cards"), "utf8")).toBe("mine");
    expect(await glowworm(home, ["find", "laptop"])).toMatchObject({ code: 2 });
  });

  it.each([[[]], [["a", "b"]], [["../laptop"]]])("refuses %j for a name", async (names) => {
    await glowworm(home, ["init", "--no-passphrase"]);
    expect(await glowworm(home, ["device", "add", ...names])).toMatchObject({ code: 2 });
  });

  it("says that there is no key yet", async () => {
    for (const number of [[], ["--number", "1"]]) {
      const add = ["device", "add", "laptop", ...number];
      expect(await glowworm(home, add)).toMatchObject({ code: 10, out: "" });
    }
  });
});
