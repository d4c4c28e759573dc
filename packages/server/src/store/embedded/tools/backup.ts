import { existsSync, rmSync } from "node:fs";
import { relative, resolve } from "node:path";
import { Failure, type FolderLock, folderTrouble, lockFolder } from "@glowworm/platform";
import { hourOfSegment } from "@glowworm/protocol";
import { copyAdmission } from "../../../tokens/copy-admission.ts";
import { readFooter } from "../closed/hour-file.ts";
import { Layout } from "../layout.ts";
import { formatOf, markFormat, STORE_FORMAT } from "../migration/format.ts";
import { reasonOf } from "./check-hours.ts";
import { copyClosedHour, copyOpenHour } from "./copy-hours.ts";
import { type DamagedFile, layoutOf, type ToolWorld } from "./tool-world.ts";

const HOURS_PER_DAY = 24;

/** What to copy, and where to. */
export interface BackupOptions {
  readonly data: string;
  readonly to: string;
  /** Days for which the backup keeps reports, counted from its newest hour. */
  readonly retentionDays: number;
}

/** What a backup did. */
export interface BackedUp {
  /** Closed hours that were copied, and those that were there before. */
  readonly copied: number;
  readonly kept: number;
  /** Open hours, copied anew each time. */
  readonly openHours: number;
  /** Files that were left out, in the data folder or in the backup. */
  readonly damaged: readonly DamagedFile[];
}

/**
 * Copies a data folder, of a server that runs or not, into a folder of the same layout. Takes the time of what is new.
 * Open hours go first: one that closes meanwhile is then copied closed. Cut off at any point it leaves a backup that the
 * next call finishes.
 * @throws {Failure} when one of the folders will not do.
 */
export async function backupStore(world: ToolWorld, options: BackupOptions): Promise<BackedUp> {
  const source = layoutOf(options.data, "--data");
  const target = new Layout(options.to);
  assertApart(options);
  assertSameFormat(target);
  const lock = taken(target);
  try {
    const damaged: DamagedFile[] = [];
    target.removeUnfinished();
    const openHours = await copyOpenHours(world, source, target, damaged);
    const hours = await copyClosedHours(world, source, target, damaged);
    await copyAdmission(world, options.data, options.to);
    tidy(target, options.retentionDays);
    markFormat(target);
    return { ...hours, openHours, damaged };
  } finally {
    lock.release();
  }
}

/** Makes the folders of a backup, and takes it. @throws {Failure} */
function taken(target: Layout): FolderLock {
  try {
    target.makeFolders();
    return lockFolder(target.lock, {
      message: `--to: ${target.root} is in use by a server or another backup`,
      remedy: "wait for it, or choose another folder with --to",
    });
  } catch (error) {
    throw folderTrouble(error, target.root, "--to", target.lock) ?? error;
  }
}

/** What a backup of another version holds would be read as what it is not. @throws {Failure} */
function assertSameFormat(target: Layout): void {
  if (!existsSync(target.format) || formatOf(target) === STORE_FORMAT) return;
  throw new Failure(
    "usage",
    `--to: ${target.root} is a backup of an older version`,
    "choose an empty folder, and keep the old one until it is no longer needed",
  );
}

function assertApart({ data, to }: BackupOptions): void {
  const way = relative(resolve(data), resolve(to));
  const back = relative(resolve(to), resolve(data));
  if (way.startsWith("..") && back.startsWith("..")) return;
  throw new Failure(
    "usage",
    `--to: ${to} is, holds or is in the data folder`,
    "choose a folder elsewhere",
  );
}

async function copyOpenHours(
  world: ToolWorld,
  source: Layout,
  target: Layout,
  damaged: DamagedFile[],
): Promise<number> {
  let copied = 0;
  for (const hour of source.openHours()) {
    const from = source.openHour(hour);
    const isCopied = await unlessDamaged(damaged, from, async () => {
      await copyOpenHour(world, source, target, hour);
    });
    if (isCopied) copied += 1;
  }
  return copied;
}

async function copyClosedHours(
  world: ToolWorld,
  source: Layout,
  target: Layout,
  damaged: DamagedFile[],
): Promise<{ copied: number; kept: number }> {
  let copied = 0;
  let kept = 0;
  for (const hour of source.closedHours()) {
    const from = source.closedHour(hour);
    const to = target.closedHour(hour);
    if (existsSync(to)) {
      if (await unlessDamaged(damaged, to, async () => assertSame(world, from, to, hour)))
        kept += 1;
      continue;
    }
    const isCopied = await unlessDamaged(damaged, from, () =>
      copyClosedHour(world, from, to, hour),
    );
    if (isCopied) copied += 1;
  }
  return { copied, kept };
}

/** A closed hour never changes: a copy that says something else is of another server. @throws {Failure} */
function assertSame({ crypto }: ToolWorld, from: string, to: string, hour: number): void {
  if (readFooter(crypto, from, hour).manifest === readFooter(crypto, to, hour).manifest) return;
  throw new Failure(
    "failure",
    `${to}: holds other reports than ${from}: a backup of another data folder, or of one that was restored`,
    "choose another folder with --to",
  );
}

/**
 * Removes what is past retention, with open hours that were damaged since, open hours of which there is a closed copy, and
 * segments whose hour was not copied to its end.
 */
function tidy(target: Layout, retentionDays: number): void {
  const hours = target.closedHours();
  const keepFrom = (hours.at(-1) ?? 0) - retentionDays * HOURS_PER_DAY + 1;
  for (const hour of hours) if (hour < keepFrom) rmSync(target.closedHour(hour));
  const open = new Set([...target.openHours(), ...target.openSegments().map(hourOfSegment)]);
  for (const hour of open) {
    const isWhole = existsSync(target.openHour(hour));
    if (isWhole && hour >= keepFrom && !hours.includes(hour)) continue;
    for (const path of target.filesOfOpenHour(hour)) rmSync(path);
  }
}

async function unlessDamaged(
  damaged: DamagedFile[],
  path: string,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const reason = reasonOf(error);
    if (reason !== null) damaged.push({ path, reason });
    return false;
  }
}
