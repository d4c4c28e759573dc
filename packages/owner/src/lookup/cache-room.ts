import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { CacheTrouble } from "../cache-trouble.ts";
import { hourOfFile } from "./hour-cache.ts";
import { firstKeptOf, type HourWindow } from "./hour-window.ts";

/** What hours of all servers may take when a lookup begins: a month of hours of a million records. */
const CACHE_BYTES_MAX = 4 * 2 ** 30;

interface Stored {
  readonly path: string;
  readonly hour: number;
  readonly bytes: number;
}

/**
 * Removes hours two months older than the newest, of every server that was ever read, and then as many as bring the rest below
 * `bytesMax`: first those after the window, then the largest, and of these the oldest. A server that makes hours huge so
 * pushes out its huge hours, and none of those before. Hours after the window stay while there is room: it is this
 * computer's clock that may have stepped back.
 */
export function makeCacheRoom(
  hoursFolder: string,
  window: HourWindow,
  trouble: CacheTrouble,
  bytesMax: number = CACHE_BYTES_MAX,
): void {
  const stored = foldersIn(hoursFolder, trouble).flatMap((folder) => filesIn(folder, trouble));
  const remove = ({ path }: Stored): void =>
    void trouble.attempt(() => rmSync(path, { force: true, recursive: true }));
  const first = firstKeptOf(window, stored);
  const kept = stored.filter(({ hour }) => hour >= first);
  for (const file of stored) if (file.hour < first) remove(file);
  let bytes = kept.reduce((sum, file) => sum + file.bytes, 0);
  const rank = (file: Stored): number =>
    file.hour > window.last ? Number.POSITIVE_INFINITY : sizeClass(file.bytes);
  kept.sort((a, b) => (rank(a) === rank(b) ? a.hour - b.hour : rank(b) - rank(a)));
  for (const file of kept) {
    if (bytes <= bytesMax) return;
    remove(file);
    bytes -= file.bytes;
  }
}

/** Sizes within a factor of two count as one: among them age decides. */
function sizeClass(bytes: number): number {
  return Math.floor(Math.log2(bytes + 1));
}

/** What is no folder is none of ours. */
function foldersIn(hoursFolder: string, trouble: CacheTrouble): readonly string[] {
  const names = trouble.attempt(() => readdirSync(hoursFolder)) ?? [];
  const paths = names.map((name) => join(hoursFolder, name));
  return paths.filter((path) => trouble.attempt(() => statSync(path).isDirectory()));
}

function filesIn(folder: string, trouble: CacheTrouble): readonly Stored[] {
  const names = trouble.attempt(() => readdirSync(folder)) ?? [];
  return names.flatMap((name) => {
    const path = join(folder, name);
    // What was being written when a lookup was killed counts and goes as what it was to become.
    const hour = hourOfFile(name.replace(/\.new$/, ""));
    const bytes = hour === null ? null : trouble.attempt(() => statSync(path).size);
    return hour === null || bytes === null ? [] : [{ path, hour, bytes }];
  });
}
