import { UsageError } from "./errors.ts";
import { DAY_SECONDS, EPOCH_SECONDS, EPOCHS_PER_DAY, TOKEN_SECONDS } from "./params.ts";
import type { UnixSeconds } from "./world.ts";

/** An epoch: `day` is the UTC day number since 1970, `epoch` 0 to 287 within it. */
export interface EpochRef {
  readonly day: number;
  readonly epoch: number;
}

/** UTC day number of a time. @see docs/protocol.md section 3.1 */
export function dayOf(at: UnixSeconds): number {
  return Math.floor(at / DAY_SECONDS);
}

/** The epoch that holds a time. @see docs/protocol.md section 3.1 */
export function epochOf(at: UnixSeconds): EpochRef {
  const index = Math.floor(at / EPOCH_SECONDS);
  return { day: Math.floor(index / EPOCHS_PER_DAY), epoch: mod(index, EPOCHS_PER_DAY) };
}

/** First second of an epoch. @throws {UsageError} for an epoch above 287. @see docs/protocol.md section 3.1 */
export function epochStart(ref: EpochRef): UnixSeconds {
  if (ref.epoch < 0 || ref.epoch >= EPOCHS_PER_DAY) {
    throw new UsageError(`epoch: expected 0 to ${EPOCHS_PER_DAY - 1}, got ${ref.epoch}`);
  }
  return ref.day * DAY_SECONDS + ref.epoch * EPOCH_SECONDS;
}

/** Minute within its epoch, 0 to 4. @see docs/protocol.md section 3.1 */
export function minuteInEpoch(at: UnixSeconds): number {
  return Math.floor(mod(at, EPOCH_SECONDS) / TOKEN_SECONDS);
}

function mod(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}
