import { Failure } from "@glowworm/platform";
import { DAY_SECONDS, loadCrypto } from "@glowworm/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { newGuard } from "../src/clock-guard.ts";
import { CardStore } from "../src/index.ts";
import { cardFile } from "./support/laptop.ts";
import { MemoryDisk } from "./support/memory-disk.ts";

const crypto = await loadCrypto();
const FIRST_DAY = 20_000;
const FIRST = FIRST_DAY * 288;
const CARDS = cardFile(crypto, FIRST_DAY * DAY_SECONDS, { first: FIRST_DAY, count: 3 });

const AIRED = FIRST + 288 + 40;

/** A folder in use since the day before: the first card is erased, the second begun. */
function usedFolder(): { readonly cards: Uint8Array; readonly state: Uint8Array } {
  const disk = new MemoryDisk([["cards", CARDS]]);
  const store = new CardStore(crypto, disk);
  for (const index of [FIRST + 40, AIRED]) {
    const airing = { index, base: index, follows: "wall", seconds: 0 } as const;
    store.commit({ ...newGuard(index * 300), bootMark: "00".repeat(16), isSettled: true, airing });
  }
  return {
    cards: disk.read("cards") ?? new Uint8Array(),
    state: disk.read("state") ?? new Uint8Array(),
  };
}

const DAMAGE = fc.record({
  file: fc.constantFrom("cards" as const, "state" as const),
  keep: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    fc.double({ min: 0, max: 1, noNaN: true }),
  ),
  // The header, the first card and the first fields of a slot are hit as often as all the rest.
  flips: fc.array(fc.record({ at: fc.oneof(fc.nat(150), fc.nat(20_000)), to: fc.nat(255) }), {
    maxLength: 8,
  }),
  tail: fc.uint8Array({ maxLength: 100 }),
});

describe("a state folder that somebody has been at", () => {
  it("opens or is refused with a remedy, and never airs an epoch that was erased", () => {
    const used = usedFolder();
    fc.assert(
      fc.property(DAMAGE, ({ file, keep, flips, tail }) => {
        const damaged = used[file].slice(0, Math.ceil(used[file].length * keep));
        for (const { at, to } of flips) damaged[at % Math.max(1, damaged.length)] = to;
        const bytes = new Uint8Array([...damaged, ...tail]);
        const files = { ...used, [file]: bytes };
        const disk = new MemoryDisk(Object.entries(files));
        let store: CardStore;
        try {
          store = new CardStore(crypto, disk);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
          return;
        }
        if (store.origin !== "kept") return;
        expect(store.ledger.nextUnerased(FIRST)).toBe(AIRED);
      }),
      effort(3000, 31),
    );
  });

  it("is refused with a remedy when the card file was cut to fewer cards than the state knows", () => {
    const { cards, state } = usedFolder();
    for (let length = 0; length < cards.length; length += 17) {
      const files = [["cards", cards.slice(0, length)] as const, ["state", state] as const];
      const disk = new MemoryDisk(files);
      expect(() => new CardStore(crypto, disk)).toThrow(Failure);
    }
  });
});
