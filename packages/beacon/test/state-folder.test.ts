import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CARD_FILE_HEADER_BYTES, isAllZero, loadCrypto, seedOffset } from "@glowworm/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CardStore, importCards, openFolder } from "../src/index.ts";
import { at, CREATED_AT, FIRST, smallCardFile } from "./support/store.ts";

const crypto = await loadCrypto();
const FILE = smallCardFile(crypto);

describe("a state folder", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "glowworm-beacon-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("imports cards as private files, marked to be left out of backups", () => {
    const disk = openFolder(join(folder, "state"));
    importCards(crypto, disk, FILE, "laptop.cards");
    storeOnFolder().commit(at(FIRST + 1));
    storeOnFolder().commit(at(FIRST + 2));
    expect(readdirSync(join(folder, "state")).sort()).toEqual(["CACHEDIR.TAG", "cards", "state"]);
    for (const name of ["cards", "state"]) {
      expect(statSync(join(folder, "state", name)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(folder, "state")).mode & 0o777).toBe(0o700);
    expect(Buffer.from(disk.read("CACHEDIR.TAG") ?? []).toString()).toMatch(
      /^Signature: 8a477f597d28d172789f06886806bc55\n/,
    );
    expect(storeOnFolder().guard.airing?.index).toBe(FIRST + 2);
  });

  it("takes the same cards twice, and no others over them", () => {
    const disk = openFolder(join(folder, "state"));
    importCards(crypto, disk, FILE, "laptop.cards");
    storeOnFolder().commit(at(FIRST + 1));
    importCards(crypto, disk, FILE, "laptop.cards");
    expect(isAllZero((disk.read("cards") ?? FILE).slice(seedOffset(0), seedOffset(0) + 32))).toBe(
      true,
    );
    const others = smallCardFile(crypto, CREATED_AT + 1);
    expect(() => importCards(crypto, disk, others, "other.cards")).toThrow(
      expect.objectContaining({ exit: "usage" }),
    );
  });

  it("imports neither damaged cards nor used ones", () => {
    const disk = openFolder(join(folder, "state"));
    const used = FILE.slice();
    used.fill(0, seedOffset(0), seedOffset(0) + 32);
    for (const bytes of [used, FILE.subarray(0, CARD_FILE_HEADER_BYTES + 5)]) {
      expect(() => importCards(crypto, disk, bytes, "laptop.cards")).toThrow(
        expect.objectContaining({ exit: "keyMissing" }),
      );
    }
    expect(disk.read("cards")).toBeNull();
  });

  it("refuses files that others can read", () => {
    writeFileSync(join(folder, "cards"), FILE);
    chmodSync(join(folder, "cards"), 0o644);
    expect(() => new CardStore(crypto, openFolder(folder))).toThrow(
      expect.objectContaining({ exit: "noPermission" }),
    );
  });

  it("names the file that cannot be written", () => {
    const disk = openFolder(folder);
    expect(() => disk.overwrite("missing", 0, FILE)).toThrow(
      expect.objectContaining({ exit: "failure", message: expect.stringContaining("missing") }),
    );
  });

  function storeOnFolder(): CardStore {
    return new CardStore(crypto, openFolder(join(folder, "state")));
  }
});
