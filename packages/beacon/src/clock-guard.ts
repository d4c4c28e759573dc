import {
  DAY_SECONDS,
  EPOCH_SECONDS,
  UNTRUSTED_AHEAD_SECONDS,
  type UnixSeconds,
} from "@glowworm/protocol";
import { type Airing, type Calendar, chooseEpoch, type Target } from "./airing.ts";

/** Boot time may come from a broken hardware clock after hibernation: one jump of it counts for no more than this. */
const ELAPSED_MAX_SECONDS: number = DAY_SECONDS;
/** A trusted clock this close to what is known is taken over at once: further than any zone error, and one night. */
const NEAR_SECONDS: number = DAY_SECONDS;
/** Trusted time after which a clock further away is taken over as well. */
const PROOF_SECONDS: number = DAY_SECONDS;
/** How far a clock may wander from boot time while it proves itself: more than a day of slewing at 500 ppm. */
const STEADY_SECONDS = 300;
/** Steps come every fraction of a second, so a longer pause was sleep, and sleep proves nothing. */
const AWAKE_MAX_SECONDS: number = EPOCH_SECONDS;

/** What a step is told of the world. */
export interface GuardInput {
  /** Wall clock. */
  readonly wall: UnixSeconds;
  /** Seconds since boot, suspend included. */
  readonly bootSeconds: number;
  /** Differs from boot to boot. */
  readonly bootMark: string;
  readonly isSynchronised: boolean;
}

/** What the guard knows. Invariant: `floor` has certainly passed, as far as trusted clocks and boot time can say. */
export interface GuardState {
  readonly floor: UnixSeconds;
  /** The floor without what was taken over at once in this boot: bounds how far a time server can walk it. */
  readonly anchor: UnixSeconds;
  /** What the trusted clock that is proving itself should show now. */
  readonly claim: UnixSeconds;
  /** For how long it has shown it, awake and trusted. */
  readonly steadySeconds: number;
  readonly bootMark: string;
  readonly bootSeconds: number;
  /** Whether a trusted clock was seen in this boot. */
  readonly isSettled: boolean;
  /** What is to be on the air; null before the first step, and when no card has an epoch left. */
  readonly airing: Airing | null;
}

/** The guard of a beacon that knows nothing but a time that has passed. */
export function newGuard(floor: UnixSeconds): GuardState {
  return {
    floor,
    anchor: floor,
    claim: floor,
    steadySeconds: 0,
    bootMark: "",
    bootSeconds: 0,
    isSettled: false,
    airing: null,
  };
}

/** One step: what has certainly passed by now, and which epoch to broadcast. Pure. */
export function stepGuard(state: GuardState, input: GuardInput, calendar: Calendar): GuardState {
  const elapsed = elapsedSeconds(state, input);
  const later = letPass(state, input, elapsed, calendar);
  const isTrusted = input.isSynchronised && isCovered(input.wall, calendar);
  const next = isTrusted ? believe(later, input.wall, elapsed) : later;
  const target = targetOf(next, input.wall, isTrusted, calendar);
  return { ...next, airing: chooseEpoch(state.airing, target, elapsed, calendar) };
}

/**
 * Index of the first epoch that must stay: what was aired before it can go. Bounded by the epoch on the air as well,
 * because a trusted clock may be days behind a floor that a liar had raised, and today's card must survive that.
 */
export function eraseBefore(floor: UnixSeconds, airing: Airing): number {
  return Math.min(Math.floor(floor / EPOCH_SECONDS), airing.index);
}

function elapsedSeconds(state: GuardState, input: GuardInput): number {
  if (input.bootMark !== state.bootMark) return 0;
  return Math.min(Math.max(0, input.bootSeconds - state.bootSeconds), ELAPSED_MAX_SECONDS);
}

function letPass(
  state: GuardState,
  input: GuardInput,
  elapsed: number,
  calendar: Calendar,
): GuardState {
  const end = calendar.end * EPOCH_SECONDS;
  return {
    ...state,
    floor: Math.min(state.floor + elapsed, end),
    anchor: Math.min(state.anchor + elapsed, end),
    claim: Math.min(state.claim + elapsed, end),
    bootMark: input.bootMark,
    bootSeconds: input.bootSeconds,
    isSettled: state.isSettled && input.bootMark === state.bootMark,
  };
}

/** What a trusted clock changes: its claim grows older or starts anew, and it may move the floor. */
function believe(state: GuardState, wall: UnixSeconds, elapsed: number): GuardState {
  const claimed = { ...state, ...weighClaim(state, wall, elapsed), isSettled: true };
  if (claimed.steadySeconds >= PROOF_SECONDS) {
    return { ...claimed, floor: wall, anchor: wall, claim: wall, steadySeconds: 0 };
  }
  // No time server can cause a reboot, so after one the floor itself is the measure, and a night off is no jump.
  if (!state.isSettled && isNear(wall, state.floor)) {
    return { ...claimed, floor: wall, anchor: wall };
  }
  return isNear(wall, state.anchor) ? { ...claimed, floor: wall } : claimed;
}

function weighClaim(
  state: GuardState,
  wall: UnixSeconds,
  elapsed: number,
): Pick<GuardState, "claim" | "steadySeconds"> {
  const moved = wall - state.claim;
  const steadySeconds = state.steadySeconds + Math.min(elapsed, AWAKE_MAX_SECONDS);
  if (Math.abs(moved) <= STEADY_SECONDS) return { claim: state.claim, steadySeconds };
  const wasOff = !state.isSettled && moved > 0 && moved <= NEAR_SECONDS;
  return { claim: wall, steadySeconds: wasOff ? steadySeconds : 0 };
}

/** The time to broadcast. A clock outside the days of the cards has nothing to broadcast: it is not followed. */
function targetOf(
  state: GuardState,
  wall: UnixSeconds,
  isTrusted: boolean,
  calendar: Calendar,
): Target {
  const isPlausible = wall >= state.floor && wall <= state.floor + UNTRUSTED_AHEAD_SECONDS;
  if (isTrusted || (isPlausible && isCovered(wall, calendar))) return { at: wall, follows: "wall" };
  return { at: state.floor, follows: "floor" };
}

function isNear(a: UnixSeconds, b: UnixSeconds): boolean {
  return Math.abs(a - b) <= NEAR_SECONDS;
}

function isCovered(wall: UnixSeconds, calendar: Calendar): boolean {
  const index = Math.floor(wall / EPOCH_SECONDS);
  return index >= calendar.first && index < calendar.end;
}
