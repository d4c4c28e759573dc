import { DAY_SECONDS, isAllZero, loadCrypto, seedOffset } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { CardStore } from "../src/index.ts";
import { slotBytes } from "../src/state-slot.ts";
import { cardFile, indexOf } from "./support/laptop.ts";
import { MemoryDisk } from "./support/memory-disk.ts";
import { at, CREATED_AT, DAYS, FIRST, FIRST_DAY, smallCardFile } from "./support/store.ts";
import { recomputable } from "./support/thief.ts";

const crypto = await loadCrypto();
const FILE = smallCardFile(crypto);

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
    const others = smallCardFile(crypto, CREATED_AT + 1);
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
