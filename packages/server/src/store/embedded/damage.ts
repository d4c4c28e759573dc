import { errorCode } from "@glowworm/platform";

/** The file of an hour is not what was written. */
export class DamagedHourError extends Error {
  override readonly name = "DamagedHourError";
}

/** Whether a file is not what was written, in our words or in SQLite's. */
export function isDamage(error: unknown): boolean {
  return error instanceof DamagedHourError || isCorruption(error);
}

/** Whether SQLite says that a file is not, or no longer, a sound database. */
export function isCorruption(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error));
}

/**
 * Whether the disk did not give what it holds, now or for ever. Failed writes are something else: nothing that was stored is in
 * doubt. SQLite says that a database is corrupt also when the disk could not read it.
 */
export function isUnreadable(error: unknown): boolean {
  const code = errorCode(error);
  if (code === "EIO")
    return error instanceof Error && "syscall" in error && error.syscall === "read";
  return /^SQLITE_(CORRUPT|IOERR_(READ|SHORT_READ|CORRUPTFS)$)/.test(code);
}
