import { existsSync, readdirSync, renameSync, rmdirSync } from "node:fs";
import { basename, join } from "node:path";
import { Failure, folderTrouble, makePrivateFolder, syncFolder } from "@glowworm/platform";
import { copyAdmission } from "../../../tokens/copy-admission.ts";
import { Layout } from "../layout.ts";
import { markFormat } from "../migration/format.ts";
import { checkOpenHour, reasonOf } from "./check-hours.ts";
import { copyClosedHour, copyOpenHour } from "./copy-hours.ts";
import { type DamagedFile, layoutOf, type ToolWorld } from "./tool-world.ts";

/** Where from, and where to. */
export interface RestoreOptions {
  readonly from: string;
  /** Must be empty, or not there yet. */
  readonly data: string;
}

/** What was restored. */
export interface Restored {
  readonly hours: number;
  readonly openHours: number;
  /** Files of the backup that were left out. */
  readonly damaged: readonly DamagedFile[];
}

/**
 * Makes a data folder of a backup, and checks every byte on the way. The folder takes its place in one step at the end.
 * @throws {Failure} when there is something already, or the backup is not finished.
 */
export async function restoreStore(world: ToolWorld, options: RestoreOptions): Promise<Restored> {
  const source = layoutOf(options.from, "--from");
  const staged = stagedIn(options.data);
  const damaged: DamagedFile[] = [];
  const copy = async (path: string, work: () => Promise<unknown>): Promise<number> => {
    try {
      await work();
      return 1;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== null) damaged.push({ path, reason });
      return 0;
    }
  };
  let hours = 0;
  for (const hour of source.closedHours()) {
    const from = source.closedHour(hour);
    const to = staged.closedHour(hour);
    hours += await copy(from, () => copyClosedHour(world, from, to, hour));
  }
  let openHours = 0;
  for (const hour of source.openHours()) {
    const from = source.openHour(hour);
    openHours += await copy(from, async () => {
      await checkOpenHour(world, from);
      await copyOpenHour(world, source, staged, hour);
    });
  }
  await copyAdmission(world, options.from, staged.root);
  markFormat(staged);
  takePlace(staged, options.data);
  return { hours, openHours, damaged };
}

/** Makes the folder that is filled before it takes the place of an empty one. @throws {Failure} */
function stagedIn(folder: string): Layout {
  const staged = new Layout(new Layout(folder).restoring);
  try {
    assertEmpty(folder);
    makePrivateFolder(folder);
    staged.makeFolders();
    return staged;
  } catch (error) {
    throw folderTrouble(error, folder, "--data") ?? error;
  }
}

function assertEmpty(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  throw new Failure(
    "usage",
    `--data: ${folder} is not empty`,
    "restore into a new folder, or move away what is there; nothing was changed",
  );
}

/** The mark of a whole folder comes last, and until the other one is gone no server takes the folder. */
function takePlace(staged: Layout, folder: string): void {
  const mark = basename(staged.format);
  const others = readdirSync(staged.root).filter((name) => name !== mark);
  for (const name of [...others, mark]) renameSync(join(staged.root, name), join(folder, name));
  rmdirSync(staged.root);
  syncFolder(folder);
}
