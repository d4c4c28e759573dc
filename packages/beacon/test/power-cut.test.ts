import { loadCrypto } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { CardStore } from "../src/index.ts";
import { slotBytes } from "../src/state-slot.ts";
import { MemoryDisk, PowerCut } from "./support/memory-disk.ts";
import { at, DAYS, FIRST, FIRST_DAY, smallCardFile } from "./support/store.ts";
import { recomputable } from "./support/thief.ts";

const crypto = await loadCrypto();
const FILE = smallCardFile(crypto);

function storeOn(disk: MemoryDisk): CardStore {
  return new CardStore(crypto, disk);
}

function freshDisk(): MemoryDisk {
  return new MemoryDisk([["cards", FILE]]);
}

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
