import { constants, existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { type Database, isErrno, openDatabase } from "@glowworm/platform";
import { hourOfSegment } from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import { type Layout, UNFINISHED } from "../layout.ts";
import {
  makeOpenHour,
  openSound,
  readFirstSegment,
  readNotes,
  writeNotes,
} from "../open/open-hour-file.ts";
import { type Run, type RunNote, Runs } from "../open/runs.ts";
import type { FiledSegment, SegmentNote } from "../segments/segment-file.ts";
import { checkSegment } from "../segments/segment-source.ts";
import { finishAll } from "../segments/segment-writer.ts";
import { checkClosedHour } from "./check-hours.ts";
import { finished } from "./finished.ts";
import type { ToolWorld } from "./tool-world.ts";

/** Copies a closed hour: there whole and on disk under its name, checked after copying, or not at all. @throws {DamagedHourError} */
export async function copyClosedHour(
  world: ToolWorld,
  from: string,
  to: string,
  hour: number,
): Promise<void> {
  await finished(to, async (unfinished) => {
    await copyFile(from, unfinished, constants.COPYFILE_EXCL);
    await checkClosedHour(world, unfinished, hour);
  });
}

/**
 * Copies an open hour as it is at one moment, while a server may write on: the database, and then the segments that it
 * notes, but not the small ones, which it holds. @throws {DamagedHourError} @throws `ENOENT` when the hour has closed meanwhile.
 */
export async function copyOpenHour(
  world: ToolWorld,
  source: Layout,
  target: Layout,
  hour: number,
): Promise<void> {
  await finished(target.openHour(hour), async (unfinished) => {
    const database = openSound(world.openForReading, source.openHour(hour), (opened) => opened);
    const notes = copyDatabase(database, unfinished);
    await world.pause();
    const large = notes.filter(({ content }) => content === null);
    for (const note of large) await copySegment(world, source, target, note);
    finishAll(large.map(({ segment }) => target.openSegment(segment)));
  });
}

/**
 * Copies what a database holds at one moment, and closes it. Nearly all of it is read before that moment, run by run: a reader that
 * stays would keep a server from emptying its log, and one that was killed from starting. Returns the notes.
 */
function copyDatabase(database: Database, to: string): readonly FiledSegment[] {
  let notes: readonly FiledSegment[] = [];
  try {
    makeOpenHour(openDatabase, to, readFirstSegment(database), (made) => {
      const copy = new RunsCopy(new Runs(database), new Runs(made));
      copy.takeAll();
      database.transaction(() => {
        copy.catchUp();
        notes = readNotes(database);
      })();
      writeNotes(made, notes);
    });
  } finally {
    database.close();
  }
  return notes;
}

/** Copies runs that come and go meanwhile. */
class RunsCopy {
  readonly #from: Runs;
  readonly #to: Runs;
  readonly #taken: Map<number, RunNote> = new Map();

  constructor(from: Runs, to: Runs) {
    this.#from = from;
    this.#to = to;
  }

  takeAll(): void {
    for (const run of this.#from.all()) this.#take(run);
  }

  /** A number that was given again, by a server that was started meanwhile, is that of a later segment. */
  catchUp(): void {
    const segments = this.#from.segments();
    const isThere = ({ run, segment }: RunNote): boolean => segments.get(run) === segment;
    const gone = [...this.#taken.values()].filter((run) => !isThere(run));
    this.#to.remove(gone);
    for (const { run } of gone) this.#taken.delete(run);
    for (const run of segments.keys()) if (!this.#taken.has(run)) this.#take(this.#from.read(run));
  }

  #take(run: Run): void {
    this.#to.append(run.run, run.segment, run.bytes);
    this.#taken.set(run.run, run);
  }
}

async function copySegment(
  { crypto, pause }: ToolWorld,
  source: Layout,
  target: Layout,
  note: SegmentNote,
): Promise<void> {
  const unfinished = target.openSegment(note.segment) + UNFINISHED;
  try {
    await copyFile(source.openSegment(note.segment), unfinished);
  } catch (error) {
    const isThere = existsSync(source.openHour(hourOfSegment(note.segment)));
    if (!(isThere && isErrno(error, "ENOENT"))) throw error;
    throw new DamagedHourError(`segment ${note.segment} is missing`, { cause: error });
  }
  checkSegment(crypto, unfinished, note);
  await pause();
}
