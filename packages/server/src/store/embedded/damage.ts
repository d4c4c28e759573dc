import { errorCode } from "@glowworm/platform";

/** The file of an hour is not what was written. */
export class DamagedHourError extends Error {
  override readonly name = "DamagedHourError";
}

/** Whether SQLite says that a file is not, or no longer, a sound database. */
export function isCorruption(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error));
}
