import { existsSync } from "node:fs";
import { Failure, readFileIfAny, replaceFile } from "@glowworm/platform";
import { ascii } from "@glowworm/protocol";
import { isDamage } from "../damage.ts";
import type { Layout } from "../layout.ts";
import { reread, type Wait } from "../reread.ts";
import { migrateClosedHour } from "./migrate-closed-hour.ts";
import { type MigrationWorld, migrateOpenHour } from "./migrate-open-hour.ts";

/** Version of the layout of a data folder that this program writes. */
export const STORE_FORMAT: number = 3;
/** Folders of the first version do not say which they are. */
const UNMARKED = 1;

/**
 * Brings a folder to the present layout. Published bytes stay what they are. Cut off at any point it goes on at the next
 * start. What is damaged is left for the start to find.
 * @throws {Failure} when a newer program made the folder, or a backup has been restored in part.
 */
export function migrate(world: MigrationWorld): void {
  const { layout, crypto, wait } = world;
  assertRestored(layout);
  const format = formatOf(layout);
  if (format === STORE_FORMAT) return;
  for (const hour of layout.closedHours()) {
    unlessDamaged(wait, () => migrateClosedHour(crypto, layout.closedHour(hour), hour));
  }
  for (const hour of layout.openHours()) {
    unlessDamaged(wait, () => migrateOpenHour(world, hour));
  }
  markFormat(layout);
}

/** Says that the folder has the present layout. */
export function markFormat(layout: Layout): void {
  replaceFile(layout.format, ascii(`${STORE_FORMAT}\n`));
}

/** Version of the layout of a folder. @throws {Failure} when this program does not know it. */
export function formatOf(layout: Layout): number {
  const bytes = readFileIfAny(layout.format);
  const text = bytes === null ? String(UNMARKED) : new TextDecoder().decode(bytes).trim();
  const format = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (format >= UNMARKED && format <= STORE_FORMAT) return format;
  throw new Failure(
    "failure",
    `${layout.format}: "${text.slice(0, 20)}" is no version of a data folder that this program knows`,
    `use the newer program that wrote it, or another folder: --data (this one writes version ${STORE_FORMAT})`,
  );
}

function assertRestored({ root, restoring }: Layout): void {
  if (!existsSync(restoring)) return;
  throw new Failure(
    "failure",
    `${root}: a backup has been restored in part only`,
    "empty the folder, and restore again: glowworm server restore",
  );
}

function unlessDamaged(wait: Wait, work: () => void): void {
  try {
    reread(wait, work);
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
}
