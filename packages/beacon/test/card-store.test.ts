import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CARD_FILE_HEADER_BYTES,
  DAY_SECONDS,
  isAllZero,
  loadCrypto,
  seedOffset,
} from "@glowworm/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Airing } from "../src/airing.ts";
import { type GuardState, newGuard } from "../src/clock-guard.ts";
import { CardStore, importCards, openFolder } from "../src/index.ts";
import { slotBytes } from "../src/state-slot.ts";
import { cardFile, indexOf } from "./support/laptop.ts";
import { MemoryDisk, PowerCut } from "./support/memory-disk.ts";
import { recomputable } from "./support/thief.ts";

const crypto = await loadCrypto();
const FIRST_DAY = 20_000;
const DAYS = 5;
const CREATED_AT = FIRST_DAY * DAY_SECONDS + 3600;
const FILE = cardFile(crypto, CREATED_AT, { first: FIRST_DAY, count: DAYS });
const BOOT_MARK = "00".repeat(16);

/** A guard that has just reached an epoch by a trusted clock. */
function at(index: number): GuardState & { readonly airing: Airing } {
  const airing: Airing = { index, base: index, follows: "wall", seconds: 0 };
  return { ...newGuard(index * 300), bootMark: BOOT_MARK, isSettled: true, airing };
}

const FIRST = FIRST_DAY * 288;

function storeOn(disk: MemoryDisk): CardStore {
  return new CardStore(crypto, disk);
}

function freshDisk(): MemoryDisk {
  return new MemoryDisk([["cards", FILE]]);
}

describe("opening", () => {
  it("starts new cards at the time they were made", () => {
    const store = storeOn(freshDisk());
    expect(store.origin).toBe("new");
    expect(store.guard.floor).toBe(CREATED_AT);
    expect(store.days).toEqual({ first: FIRST_DAY, last: FIRST_DAY + DAYS - 1 });
  });

  it("goes on from what was committed", () => {
    const disk = freshDisk();
    storeOn(disk).commit(at(FIRST + 40));
    const store = storeOn(disk);
    expect(store.origin).toBe("kept");
    expect(store.guard).toEqual(at(FIRST + 40));
    expect(store.ledger.nextUnerased(FIRST)).toBe(FIRST + 40);
  });

  it("says that there are no cards", () => {
    expect(() => storeOn(new MemoryDisk())).toThrow(
      expect.objectContaining({ exit: "keyMissing" }),
    );
  });

  it.each([0, 1, 39, 40, 107, 108, FILE.length - 1])("refuses a file cut to %i bytes", (length) => {
    const disk = new MemoryDisk([["cards", FILE.subarray(0, length)]]);
    expect(() => storeOn(disk)).toThrow(expect.objectContaining({ exit: "keyMissing" }));
  });

  it.each([0, 9, 13, 17, 21, 30, 50, 90])("refuses a file with byte %i changed", (offset) => {
    const bytes = FILE.slice();
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x40;
    const disk = new MemoryDisk([["cards", bytes]]);
    expect(() => storeOn(disk)).toThrow(expect.objectContaining({ exit: "keyMissing" }));
  });

  it("refuses days that 32-bit times cannot hold", () => {
    const late = cardFile(crypto, CREATED_AT, { first: 49_709, count: 3 });
    expect(() => storeOn(new MemoryDisk([["cards", late]]))).toThrow(
      expect.objectContaining({ exit: "keyMissing" }),
    );
  });

  it("goes on after the last erased day when the state is gone", () => {
    const disk = freshDisk();
    const store = storeOn(disk);
    store.commit(at(FIRST + 40));
    store.commit(at(FIRST + 288 + 10));
    disk.files.delete("state");
    const next = storeOn(disk);
    expect(next.origin).toBe("lost");
    expect(next.guard.floor).toBe((FIRST_DAY + 1) * DAY_SECONDS + 300);
    expect(next.ledger.nextUnerased(indexOf(next.guard.floor))).toBe(FIRST + 2 * 288);
  });

  it.each([
    ["first", [0], "kept"],
    ["second", [1], "kept"],
    ["both", [0, 1], "lost"],
  ] as const)("outlives damage to slots: %s", (_, slots, origin) => {
    for (const offset of [0, 15, 16, 40, 300, slotBytes(DAYS) - 1]) {
      const disk = freshDisk();
      storeOn(disk).commit(at(FIRST + 40));
      const state = disk.files.get("state") ?? new Uint8Array();
      for (const slot of slots) {
        const place = slot * slotBytes(DAYS) + offset;
        state[place] = (state[place] ?? 0) ^ 1;
      }
      const store = storeOn(disk);
      expect(store.origin).toBe(origin);
      store.commit(at(FIRST + 41));
      expect(storeOn(disk).guard.airing?.index).toBe(FIRST + 41);
    }
  });

  it("does not take a state that belongs to other cards", () => {
    const disk = freshDisk();
    storeOn(disk).commit(at(FIRST + 40));
    const others = cardFile(crypto, CREATED_AT + 1, { first: FIRST_DAY, count: DAYS });
    disk.files.set("cards", others);
    expect(storeOn(disk).origin).toBe("lost");
  });
});

describe("committing", () => {
  it("keeps the day's seed for its first epoch and overwrites it for the second", () => {
    const disk = freshDisk();
    const store = storeOn(disk);
    const seed = (): Uint8Array =>
      (disk.read("cards") ?? new Uint8Array()).subarray(seedOffset(0), seedOffset(0) + 32);
    store.commit(at(FIRST));
    expect(isAllZero(seed())).toBe(false);
    store.commit(at(FIRST + 1));
    expect(isAllZero(seed())).toBe(true);
  });

  it("leaves nothing in the folder that leads to an earlier epoch of a day that was aired", () => {
    const disk = freshDisk();
    const store = storeOn(disk);
    for (const index of [FIRST, FIRST + 1, FIRST + 2, FIRST + 200, FIRST + 287, FIRST + 288]) {
      store.commit(at(index));
      expect(recomputable(crypto, disk, [FIRST_DAY, FIRST_DAY + 1], index)).toEqual([]);
    }
  });

  it("has a thief who does find what is there", () => {
    const disk = freshDisk();
    storeOn(disk).commit(at(FIRST + 3));
    expect(recomputable(crypto, disk, [FIRST_DAY], FIRST + 10)).toEqual([FIRST + 3]);
    expect(recomputable(crypto, disk, [FIRST_DAY + 1], FIRST + 500)).toEqual([FIRST + 288]);
  });

  it("keeps every card of days that a jump passed over", () => {
    const disk = freshDisk();
    const store = storeOn(disk);
    store.commit(at(FIRST + 5));
    store.commit(at(FIRST + 4 * 288 + 7));
    expect(store.ledger.nextUnerased(FIRST)).toBe(FIRST + 288);
    expect(store.ledger.nextUnerased(FIRST + 4 * 288)).toBe(FIRST + 4 * 288 + 7);
  });

  it("erases nothing at or above the floor, whatever is on the air", () => {
    const store = storeOn(freshDisk());
    store.commit({ ...at(FIRST + 3 * 288 + 9), floor: FIRST * 300 });
    expect(store.ledger.nextUnerased(FIRST + 3 * 288)).toBe(FIRST + 3 * 288);
  });

  it("keeps today's card when a liar had raised the floor", () => {
    const store = storeOn(freshDisk());
    store.commit({ ...at(FIRST + 9), floor: (FIRST + 4 * 288) * 300 });
    expect(store.ledger.nextUnerased(FIRST)).toBe(FIRST + 9);
  });

  it("gives up the day furthest ahead when too many days are begun", () => {
    const disk = new MemoryDisk([
      ["cards", cardFile(crypto, CREATED_AT, { first: FIRST_DAY, count: 12 })],
    ]);
    const store = storeOn(disk);
    for (let day = 11; day > 1; day--) store.commit(at(FIRST + day * 288 + 5));
    expect(store.ledger.nextUnerased(FIRST + 9 * 288)).toBe(FIRST + 9 * 288 + 5);
    expect(store.ledger.nextUnerased(FIRST + 10 * 288)).toBe(FIRST);
    expect(storeOn(disk).ledger.state.heads).toHaveLength(8);
  });
});

describe("a power cut at any write", () => {
  const PATHS: readonly (readonly [string, readonly number[]])[] = [
    ["in a day's first epochs", [0, 1, 2]],
    ["over midnight", [286, 287, 288, 289]],
    ["over a jump", [3, 2 * 288, 2 * 288 + 1]],
  ];
  it.each(PATHS)("leaves a folder that opens: %s", (_, offsets) => {
    let cuts = 0;
    for (let nth = 1; ; nth++) {
      let wasCut = false;
      // The used part of a slot ends at a tenth of it, a seed has 32 bytes: each is cut at several places.
      for (const share of [0, 0.003, 0.01, 0.03, 0.07, 0.5, 1]) {
        const disk = freshDisk();
        disk.cutPower(nth, share);
        const last = commitAll(disk, offsets);
        if (last === null) continue;
        wasCut = true;
        cuts += 1;
        disk.restorePower();
        checkAfter(disk, offsets, last);
      }
      if (!wasCut) break;
    }
    expect(cuts).toBeGreaterThan(5 * offsets.length);
  });

  it("finds the newer state when it stands in one slot only", () => {
    const disk = freshDisk();
    const store = storeOn(disk);
    store.commit(at(FIRST + 40));
    disk.cutPower(2, 0);
    expect(() => store.commit(at(FIRST + 41))).toThrow(PowerCut);
    expect(storeOn(disk).guard.airing?.index).toBe(FIRST + 41);
  });

  it.each([0, 1])("spares the only whole slot when slot %i is damaged", (slot) => {
    const disk = freshDisk();
    storeOn(disk).commit(at(FIRST + 40));
    disk.files.get("state")?.fill(0, slot * slotBytes(DAYS), slot * slotBytes(DAYS) + 8);
    disk.cutPower(1, 0.01);
    expect(() => storeOn(disk).commit(at(FIRST + 41))).toThrow(PowerCut);
    expect(storeOn(disk).guard.airing?.index).toBe(FIRST + 40);
  });

  /** Position of the commit that the power cut hit, or null when there was none. */
  function commitAll(disk: MemoryDisk, offsets: readonly number[]): number | null {
    const store = storeOn(disk);
    for (const [position, offset] of offsets.entries()) {
      try {
        store.commit(at(FIRST + offset));
      } catch (error) {
        if (error instanceof PowerCut) return position;
        throw error;
      }
    }
    return null;
  }

  function checkAfter(disk: MemoryDisk, offsets: readonly number[], hit: number): void {
    const store = storeOn(disk);
    const before = offsets[hit - 1];
    const wanted = offsets[hit] ?? 0;
    if (before === undefined) expect(["new", "kept"]).toContain(store.origin);
    else expect(store.origin).toBe("kept");
    const found = store.guard.airing;
    if (found !== null) expect([before, wanted]).toContain(found.index - FIRST);
    // The epoch that was on the air can be repeated, or the next one aired: at most one is skipped.
    expect(store.ledger.nextUnerased(FIRST + wanted)).toBe(FIRST + wanted);
    store.commit(at(FIRST + wanted));
    const days = [...new Set(offsets.slice(0, hit + 1).map((offset) => Math.floor(offset / 288)))];
    const aired = days.map((day) => FIRST_DAY + day);
    expect(recomputable(crypto, disk, aired, FIRST + wanted)).toEqual([]);
  }
});

describe("in a real folder", () => {
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
    const others = cardFile(crypto, CREATED_AT + 1, { first: FIRST_DAY, count: DAYS });
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
