import type { RecordHash } from "./record-hash.ts";
import { SlotTables } from "./slot-tables.ts";

/** Low bits of a slot: a number below 127, plus one, so that no slot in use is zero. The others tell records apart. */
const VALUE_BITS = 7;
const VALUE_MASK = 2 ** VALUE_BITS - 1;

/**
 * Remembers in which segment of its hour each record is, at about 7 bytes a record: a wrong guess once in some millions,
 * a miss never.
 */
export class RecordIndex {
  readonly #slots: SlotTables = new SlotTables(1);

  /** Adds the record that was hashed last; `value` is 0 to 126. */
  add(hash: RecordHash, value: number): void {
    const table = this.#slots.withRoom();
    const mask = table.length - 1;
    let slot = hash.place & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = (hash.mark & ~VALUE_MASK) | (value + 1);
  }

  /** Whether `isIt` says yes to one of the values under which the record that was hashed last may have been added. */
  find(hash: RecordHash, isIt: (value: number) => boolean): boolean {
    const { mark, place } = hash;
    for (const table of this.#slots.tables) {
      const mask = table.length - 1;
      for (let slot = place & mask; table[slot] !== 0; slot = (slot + 1) & mask) {
        const found = table[slot] ?? 0;
        const isAlike = ((found ^ mark) & ~VALUE_MASK) === 0;
        if (isAlike && isIt((found & VALUE_MASK) - 1)) return true;
      }
    }
    return false;
  }
}
