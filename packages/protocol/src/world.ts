/** Seconds since the Unix epoch, UTC, leap seconds ignored. */
export type UnixSeconds = number;

/** The only way to learn the time. Wall time leaves the process; elapsed time never does. */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. May jump in either direction. */
  nowMs(): number;
  /** Milliseconds that only ever grow; origin unspecified. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The second that a clock shows. */
export function secondsNow(clock: Pick<Clock, "nowMs">): UnixSeconds {
  return Math.floor(clock.nowMs() / 1000);
}

/** Unpredictable bytes; seeded in tests. */
export interface RandomSource {
  bytes(length: number): Uint8Array;
}

/** Something that runs on a clock: call `step`, wait the returned milliseconds, call again. */
export interface Stepper {
  step(): Promise<number>;
}

/** A uniformly distributed number in [0, 1) with 32 bits of resolution. */
export function randomFraction(random: RandomSource): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return (a * 0x1000000 + b * 0x10000 + c * 0x100 + d) / 0x100000000;
}
