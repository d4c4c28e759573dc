import { freeBytesOf } from "@glowworm/platform";
import type { Log } from "./log.ts";
import { MIN_FREE_BYTES_DEFAULT } from "./store/embedded/disk-room.ts";

/** Says at the start what the first upload would otherwise be the first to find out: that none is taken. */
export function warnOfFullDisk(
  log: Log,
  dataFolder: string,
  minFreeBytes: number = MIN_FREE_BYTES_DEFAULT,
): void {
  const freeBytes = freeBytesOf(dataFolder);
  if (freeBytes >= minFreeBytes) return;
  const text =
    `the disk of ${dataFolder} has ${mebibytes(freeBytes)} left, less than min_free (${mebibytes(minFreeBytes)}): ` +
    "every upload is answered 503 until there is room or min_free is smaller";
  log({ level: "warn", event: "disk-full", text, facts: { freeBytes, minFreeBytes } });
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
