import { Failure } from "@glowworm/platform";
import { DAY_SECONDS, SEGMENT_SECONDS, type UnixSeconds } from "@glowworm/protocol";

/** Further than this behind what a store has published, a clock is wrong and not merely corrected. */
const CLOCK_BEHIND_MAX_SECONDS = DAY_SECONDS;

/** What a person calls a store, and what a new one is begun with. */
export interface StorePlace {
  readonly name: string;
  readonly remedy: string;
}

/** @throws {Failure} `clockWrong` when `now` is far behind `floor`, the first segment that reports may enter. */
export function assertClock(now: UnixSeconds, floor: number, { name, remedy }: StorePlace): void {
  const published = floor * SEGMENT_SECONDS;
  if (now >= published - CLOCK_BEHIND_MAX_SECONDS) return;
  const days = Math.ceil((published - now) / DAY_SECONDS);
  const message = `the clock is ${days} days behind what the ${name} has published`;
  throw new Failure("clockWrong", message, remedy);
}
