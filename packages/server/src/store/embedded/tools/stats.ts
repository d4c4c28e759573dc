import { statSync } from "node:fs";
import { HOUR_SECONDS, PAGE_RECORDS } from "@glowworm/protocol";
import { readFooter } from "../closed/hour-file.ts";
import type { Layout } from "../layout.ts";
import { openSound, readNotes } from "../open/open-hour-file.ts";
import { reasonOf, waitingRecords } from "./check-hours.ts";
import { layoutOf, type ToolWorld } from "./tool-world.ts";

/** What a data folder holds. Records count padding: nobody can tell it apart. */
export interface StoreStats {
  readonly hours: number;
  readonly records: number;
  readonly bytes: number;
  /** Of closed hours; null without one. */
  readonly bytesPerRecord: number | null;
  /** First second of the oldest and the newest closed hour, ISO 8601, or null. */
  readonly oldest: string | null;
  readonly newest: string | null;
  readonly openHours: number;
  /** In closed segments, and in none yet. */
  readonly openRecords: number;
  readonly openBytes: number;
  /** Files that were set aside. */
  readonly damagedFiles: number;
}

/** Counts without reading the reports: grows with the hours. @throws {Failure} when it is no data folder. */
export function storeStats(world: ToolWorld, folder: string): StoreStats {
  const layout = layoutOf(folder, "--data");
  const hours = layout.closedHours();
  const closed = sum(hours, (hour) => {
    const path = layout.closedHour(hour);
    const { pages } = readFooter(world.crypto, path, hour);
    return { records: pages * PAGE_RECORDS, bytes: statSync(path).size };
  });
  const open = sum(layout.openHours(), (hour) => countOpen(world, layout, hour));
  return {
    hours: closed.files,
    records: closed.records,
    bytes: closed.bytes,
    bytesPerRecord: closed.records === 0 ? null : closed.bytes / closed.records,
    oldest: startOf(hours.at(0)),
    newest: startOf(hours.at(-1)),
    openHours: open.files,
    openRecords: open.records,
    openBytes: open.bytes,
    damagedFiles: layout.damagedFiles().length,
  };
}

interface Size {
  readonly records: number;
  readonly bytes: number;
}

/** Of all that are still there and sound enough to be counted. */
function sum(hours: readonly number[], sizeOf: (hour: number) => Size): Size & { files: number } {
  const total = { files: 0, records: 0, bytes: 0 };
  for (const hour of hours) {
    try {
      const { records, bytes } = sizeOf(hour);
      total.files += 1;
      total.records += records;
      total.bytes += bytes;
    } catch (error) {
      reasonOf(error);
    }
  }
  return total;
}

function countOpen({ openForReading }: ToolWorld, layout: Layout, hour: number): Size {
  return openSound(openForReading, layout.openHour(hour), (database) => {
    const notes = readNotes(database);
    const waiting = waitingRecords(database, notes);
    const records = notes.reduce((all, segment) => all + segment.records, waiting);
    database.close();
    return { records, bytes: layout.filesOfOpenHour(hour).reduce(addSize, 0) };
  });
}

function addSize(all: number, path: string): number {
  return all + (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
}

function startOf(hour: number | undefined): string | null {
  return hour === undefined ? null : new Date(hour * HOUR_SECONDS * 1000).toISOString();
}
