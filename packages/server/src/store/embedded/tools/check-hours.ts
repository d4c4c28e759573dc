import { errorCode, isErrno } from "@glowworm/platform";
import { DecodeError, decodeManifest, PAGE_RECORDS } from "@glowworm/protocol";
import { Checksum } from "../checksum.ts";
import { DamagedHourError, isCorruption } from "../damage.ts";
import { checkFrame, checkPages } from "../hour-check.ts";
import { readSpan, SPANS, withFile } from "../hour-file.ts";
import { openSound } from "../open-hour-file.ts";
import { assertSum, readSegments, SegmentReader } from "../segment-source.ts";
import type { ToolWorld } from "./tool-world.ts";

/** Pages between two pauses: 2 MB. */
const PAGES_AT_ONCE = 64;

/** Reads every byte of a closed hour. @returns its records. @throws {DamagedHourError} */
export async function checkClosedHour(
  { crypto, pause }: ToolWorld,
  path: string,
  hour: number,
): Promise<number> {
  const { pages } = checkFrame(crypto, path, hour);
  withFile(path, (fd) => decodeManifest(readSpan(fd, SPANS.manifest(pages))));
  for (let page = 0; page < pages; page += PAGES_AT_ONCE) {
    checkPages(crypto, path, pages, page, Math.min(pages, page + PAGES_AT_ONCE));
    await pause();
  }
  return pages * PAGE_RECORDS;
}

/** Reads every record in the closed segments of an open hour. @returns their number. @throws {DamagedHourError} */
export async function checkOpenHour(
  { openForReading, pause }: ToolWorld,
  path: string,
): Promise<number> {
  const database = openSound(openForReading, path, (opened) => opened);
  try {
    const reader = new SegmentReader(database);
    let records = 0;
    for (const segment of readSegments(database)) {
      const checksum = new Checksum();
      for (const part of reader.parts(segment.segment)) checksum.addAll(part);
      assertSum(segment, checksum);
      records += checksum.records;
      await pause();
    }
    return records;
  } finally {
    database.close();
  }
}

/** Why the file of an hour cannot be used; null when it has gone since it was listed. @throws what is no fault of the file. */
export function reasonOf(error: unknown): string | null {
  if (isErrno(error, "ENOENT") || errorCode(error) === "SQLITE_CANTOPEN") return null;
  if (error instanceof DamagedHourError || error instanceof DecodeError) return error.message;
  if (isCorruption(error)) return "is corrupt";
  if (isErrno(error, "EIO") || errorCode(error).startsWith("SQLITE_IOERR")) return "cannot be read";
  throw error;
}
