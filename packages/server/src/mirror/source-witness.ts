import type { ListedHour } from "@glowworm/protocol";
import type { MirrorDiary } from "./mirror-diary.ts";

/** Says what of a source's lists does not agree with the copies that are here: that it shows others something else. */
export class SourceWitness {
  readonly #diary: MirrorDiary;
  /** Hours of the list before. */
  #last: readonly number[] = [];

  constructor(diary: MirrorDiary) {
    this.#diary = diary;
  }

  /** Compares a list with the one before and the hours that are here. The first copy is kept, and served. */
  compare(listed: readonly ListedHour[], here: readonly ListedHour[]): void {
    const manifests = new Map(listed.map(({ hour, manifest }) => [hour, manifest]));
    const oldest = listed[0]?.hour ?? Number.POSITIVE_INFINITY;
    for (const { hour, manifest } of here) {
      const now = manifests.get(hour);
      if (hour < oldest || now === manifest) continue;
      const what =
        now === undefined
          ? "no longer listed, kept"
          : `other bytes than before: ${manifest} is kept, now ${now}`;
      this.#diary.complain("hour-refused", `hour ${hour}: ${what}`);
    }
    this.#compareLength(listed.map(({ hour }) => hour));
  }

  /** Compares what an hour says of the one before it, lowercase hex, with the list. */
  compareChain(listed: readonly ListedHour[], hour: number, previous: string): void {
    const before = listed[listed.findIndex((one) => one.hour === hour) - 1];
    if (before === undefined || before.manifest === previous) return;
    const what = `does not follow hour ${before.hour}, the one before it in the list`;
    this.#diary.complain("hour-refused", `hour ${hour}: ${what}`);
  }

  /** Retention takes an hour from a list for each that comes. */
  #compareLength(hours: readonly number[]): void {
    const last = this.#last;
    this.#last = hours;
    const gone = last.filter((hour) => hour < (hours[0] ?? Number.POSITIVE_INFINITY)).length;
    const come = hours.filter((hour) => hour > (last.at(-1) ?? 0)).length;
    if (gone <= come) return;
    const what = "hours went from the list at once: they are kept for a day of such lists";
    this.#diary.complain("hour-refused", `${gone} ${what}`);
  }
}
