import type { FiledSegment } from "../segments/segment-file.ts";
import { checkClosedHour, checkOpenHour, checkOpenSegment, reasonOf } from "./check-hours.ts";
import { type DamagedFile, layoutOf, type ToolWorld } from "./tool-world.ts";

/** What a check of a whole data folder found. */
export interface VerifiedStore {
  readonly hours: number;
  readonly openHours: number;
  /** In sound closed hours, closed segments and open hours; padding is counted, because nobody can tell it apart. */
  readonly records: number;
  readonly damaged: readonly DamagedFile[];
}

/** Reads every byte of a data folder or a backup. Takes the time of reading it. @throws {Failure} when it is none. */
export async function verifyStore(world: ToolWorld, folder: string): Promise<VerifiedStore> {
  const layout = layoutOf(folder, "--data");
  const damaged: DamagedFile[] = [];
  let records = 0;
  const check = async (path: string, read: () => Promise<number>): Promise<number> => {
    try {
      records += await read();
      return 1;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== null) damaged.push({ path, reason });
      return 0;
    }
  };
  let openHours = 0;
  for (const hour of layout.openHours()) {
    const path = layout.openHour(hour);
    let notes: readonly FiledSegment[] = [];
    openHours += await check(path, async () => {
      const checked = await checkOpenHour(world, path);
      notes = checked.notes;
      return checked.waiting;
    });
    for (const note of notes) {
      await check(layout.openSegment(note.segment), () => checkOpenSegment(world, layout, note));
    }
  }
  let hours = 0;
  for (const hour of layout.closedHours()) {
    const path = layout.closedHour(hour);
    hours += await check(path, () => checkClosedHour(world, path, hour));
  }
  return { hours, openHours, records, damaged };
}
