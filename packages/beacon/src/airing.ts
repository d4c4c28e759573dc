import { EPOCH_SECONDS, TOKEN_SECONDS, type UnixSeconds } from "@glowworm/protocol";

/** Which epochs there are and which are left. An index counts epochs since 1970: day times 288 plus epoch. */
export interface Calendar {
  /** Index of the first epoch of the first card. */
  readonly first: number;
  /** Index after the last epoch of the last card. */
  readonly end: number;
  /** The first epoch not erased from `index` on, then around from the first card; null when none is left. */
  nextUnerased(index: number): number | null;
}

/** A time to broadcast, and where it comes from. */
export interface Target {
  readonly at: UnixSeconds;
  readonly follows: "wall" | "floor";
}

/** An epoch on the air. */
export interface Airing {
  readonly index: number;
  /** `detour`: the epoch of the time is erased, so later ones are aired at the pace of boot time. */
  readonly follows: "wall" | "floor" | "detour";
  /** Index at which a detour began; the index itself otherwise. */
  readonly base: number;
  /** Seconds into the epoch. */
  readonly seconds: number;
}

/** Minute of the epoch on the air, 0 to 4. */
export function airingMinute(airing: Airing): number {
  return Math.floor(Math.min(airing.seconds, EPOCH_SECONDS - 1) / TOKEN_SECONDS);
}

/** The epoch to air: that of the target unless it is erased. Null when no epoch is left in any card. */
export function chooseEpoch(
  last: Airing | null,
  target: Target,
  elapsed: number,
  calendar: Calendar,
): Airing | null {
  const index = Math.floor(target.at / EPOCH_SECONDS);
  const free = calendar.nextUnerased(Math.max(index, calendar.first));
  if (free === null) return null;
  if (free === index) {
    return { index, follows: target.follows, base: index, seconds: target.at % EPOCH_SECONDS };
  }
  const detour = detourFrom(last, free, calendar);
  return detour === null
    ? { index: free, follows: "detour", base: free, seconds: 0 }
    : advanceDetour(detour, elapsed, calendar);
}

/**
 * The epoch on the air as the place to go on from, or null when another stretch of erased epochs is the reason. One
 * that is on the air already keeps its age: it would else be held for longer than two epochs.
 */
function detourFrom(last: Airing | null, free: number, calendar: Calendar): Airing | null {
  if (last?.index === free) return { ...last, follows: "detour", base: free };
  const goesOn =
    last?.follows === "detour" &&
    last.base <= free &&
    free <= last.index &&
    calendar.nextUnerased(last.index) === last.index;
  return goesOn ? last : null;
}

function advanceDetour(last: Airing, elapsed: number, calendar: Calendar): Airing | null {
  let { index } = last;
  let seconds = last.seconds + elapsed;
  for (; seconds >= EPOCH_SECONDS; seconds -= EPOCH_SECONDS) {
    const next = calendar.nextUnerased(index + 1);
    if (next === null || next === index) return null;
    index = next;
  }
  return { ...last, index, seconds };
}
