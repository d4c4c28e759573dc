import {
  type CryptoSuite,
  type RandomSource,
  SEGMENTS_PER_HOUR,
  STORABLE_RECORD_BYTES,
} from "@glowworm/protocol";
import { lastSegmentOf } from "../../hour-rules.ts";
import type { ClosedHour } from "../closed/hour-file.ts";
import type { ClosingJob, SegmentOnDisk } from "../closing/close-hour.ts";
import type { SegmentsJob } from "../closing/close-segments.ts";
import { DamagedHourError } from "../damage.ts";
import type { OpenSize } from "../disk-room.ts";
import type { Layout } from "../layout.ts";
import { ClosedSegments } from "../segments/closed-segments.ts";
import type { FiledSegment } from "../segments/segment-file.ts";
import { sortedOnce } from "../segments/sorted-records.ts";
import { HourDatabase } from "./hour-database.ts";
import { KnownRecords } from "./known-records.ts";
import { isLogDamaged } from "./log-check.ts";
import { type OpenDatabase, openSound } from "./open-hour-file.ts";
import { OpenSegments } from "./open-segments.ts";
import type { RecordHash } from "./record-hash.ts";
import type { RunNote } from "./runs.ts";

const SEED_BYTES = 32;
/** Tells the seed of an hour's padding from those of its segments, whose names are four bytes. */
const HOUR_LABEL: Uint8Array = new TextEncoder().encode("closed hour");

/** What an open hour stands on. */
export interface OpenHourWorld {
  readonly layout: Layout;
  readonly crypto: CryptoSuite;
  readonly openDatabase: OpenDatabase;
  /** For keys that live as long as this process. */
  readonly random: RandomSource;
  readonly hash: RecordHash;
}

/**
 * An hour that still takes reports: a database to which commits append, and a file for each closed segment. A segment is
 * fenced, which is when nothing enters it any more, then written to its file elsewhere, then noted. Storing takes the time
 * of the group and not of the hour. Loading reads the hour whole.
 */
export class OpenHour {
  readonly hour: number;
  /** First segment that exists: later than the hour's first when no server ran before. */
  readonly firstSegment: number;
  readonly #world: OpenHourWorld;
  readonly #database: HourDatabase;
  readonly #known: KnownRecords;
  readonly #open: OpenSegments = new OpenSegments();
  readonly #closed: ClosedSegments;
  /** Padding is drawn from it: what is closed again, because something failed after that, gets the same bytes. */
  readonly #seed: Uint8Array;
  #fence: number;
  #mended = 0;
  /** Whether the log holds what was removed, because somebody read it. */
  #isLogKept = false;
  #nextRun = 1;

  private constructor(world: OpenHourWorld, hour: number, database: HourDatabase) {
    this.#world = world;
    this.hour = hour;
    this.#database = database;
    this.#seed = world.random.bytes(SEED_BYTES);
    this.#known = new KnownRecords(world.hash, hour * SEGMENTS_PER_HOUR, {
      inRun: (run, record) => database.runs.has(run, record),
      inFile: (segment, record) => this.#closed.holds(segment, record),
    });
    this.firstSegment = this.#ofThisHour(database.firstSegment);
    this.#closed = new ClosedSegments(world.layout, this.firstSegment);
    this.#fence = this.firstSegment - 1;
  }

  /** Makes the hour that begins to take reports at `firstSegment`. */
  static create(world: OpenHourWorld, firstSegment: number): OpenHour {
    const hour = Math.floor(firstSegment / SEGMENTS_PER_HOUR);
    const path = world.layout.openHour(hour);
    return new OpenHour(world, hour, HourDatabase.create(world.openDatabase, path, firstSegment));
  }

  /** Opens the hour a server left behind and reads every record of it. @throws {DamagedHourError} */
  static load(world: OpenHourWorld, hour: number): OpenHour {
    const path = world.layout.openHour(hour);
    if (isLogDamaged(path)) throw new DamagedHourError("its log is damaged");
    return openSound(world.openDatabase, path, (database) => {
      const loaded = new OpenHour(world, hour, new HourDatabase(database, false));
      loaded.#learnSegments();
      loaded.#learnRuns();
      return loaded;
    });
  }

  get size(): OpenSize {
    const unfiled = this.#open.records;
    return { records: this.#closed.records + unfiled, unfiled };
  }

  /** The closed segments and their files, in order. */
  get closed(): readonly SegmentOnDisk[] {
    return this.#closed.onDisk;
  }

  /** Newest segment that nothing enters any more, or the one before the first. */
  get fence(): number {
    return this.#fence;
  }

  /** Newest closed segment, or the one before the first. */
  get closedThrough(): number {
    return this.#closed.through;
  }

  /** How many small segments were written again. */
  get mended(): number {
    return this.#mended;
  }

  /** Whether runs are left over of segments that have a file, or are still in the log. */
  get hasLeftover(): boolean {
    return this.#open.hasLeftover || this.#isLogKept;
  }

  /** Whether fenced segments are not closed yet. */
  get isBehind(): boolean {
    return this.#fence > this.closedThrough;
  }

  /** Stores all or none, 129 bytes each; durable when it returns. Those that are equal are stored once. */
  insert(segment: number, records: Uint8Array): void {
    if (records.length === 0) return;
    const sorted = sortedOnce(records);
    const runs = this.#database.write(sorted.length, () =>
      this.#database.runs.append(this.#nextRun, segment, sorted),
    );
    let from = 0;
    for (const run of runs) {
      const to = from + run.records * STORABLE_RECORD_BYTES;
      this.#learnRun(run, sorted.subarray(from, to));
      from = to;
    }
  }

  /** Whether the record at `at`, which was hashed last, is there and on disk. */
  has(records: Uint8Array, at: number): boolean {
    const isThere = this.#known.has(records, at);
    if (isThere) this.#database.settle();
    return isThere;
  }

  /** Lets nothing enter the segments up to `segment` any more. */
  raiseFence(segment: number): void {
    this.#fence = Math.max(this.#fence, Math.min(segment, lastSegmentOf(this.hour)));
  }

  /** What makes files of the fenced segments that have none. */
  segmentsJob(): SegmentsJob {
    const first = this.closedThrough + 1;
    const count = this.#fence - this.closedThrough;
    // A note that failed and may come back after a crash must not meet a file that is being written.
    this.#database.settle();
    const { layout } = this.#world;
    const segments = Array.from({ length: count }, (_, index) => {
      const segment = first + index;
      return { segment, ...this.#open.of(segment), to: layout.openSegment(segment) };
    });
    return { database: layout.openHour(this.hour), segments, seed: this.#seed };
  }

  /** What makes the closed form of the hour, once all its segments are closed. @param previous the newest closed one */
  closingJob(previous: ClosedHour | undefined): ClosingJob {
    const { crypto, layout } = this.#world;
    return {
      hour: this.hour,
      segments: this.closed,
      to: layout.closedHour(this.hour),
      previous: previous?.manifest ?? null,
      seed: crypto.blake2b(SEED_BYTES, HOUR_LABEL, this.#seed),
    };
  }

  /** Takes over the files of the segments that follow the closed ones; they never change from now on. */
  noteClosed(notes: readonly FiledSegment[]): void {
    this.#database.note(notes);
    for (const note of notes) {
      this.#closed.add(note);
      this.#known.filed(note.segment);
      this.#open.filed(note.segment);
    }
  }

  /**
   * Removes some of the runs that are left over, overwritten with zeros; after the last of them the log goes too, or the next
   * time when somebody reads it. Returns whether there is more to remove at once.
   */
  removeLeftover(): boolean {
    if (this.#open.hasLeftover) this.#removeRuns();
    if (this.#open.hasLeftover) return true;
    // The log holds run after run: with it goes the order within the segments.
    this.#isLogKept = true;
    this.#isLogKept = !this.#database.truncateLog();
    return false;
  }

  /** Writes the small segments again that are damaged: the database has them. @throws {DamagedHourError} */
  mend(): void {
    this.#mended += this.#closed.mend(this.#world.crypto, this.#database.notes);
  }

  /** Reads a closed segment. @throws {DamagedHourError} when it is not what was written. */
  check(segment: number): void {
    this.#closed.check(this.#world.crypto, segment);
  }

  close(): void {
    this.#database.close();
  }

  #removeRuns(): void {
    const runs = this.#open.nextLeftover();
    const bytes = runs.reduce((sum, { records }) => sum + records * STORABLE_RECORD_BYTES, 0);
    this.#database.write(bytes, () => this.#database.runs.remove(runs));
    this.#open.removed(runs);
  }

  #learnSegments(): void {
    for (const note of this.#database.notes) {
      const segment = this.#ofThisHour(note.segment);
      this.#closed.load(this.#world.crypto, note, (part) => this.#known.addFiled(segment, part));
    }
    this.#fence = this.closedThrough;
  }

  #learnRuns(): void {
    for (const { bytes, ...run } of this.#database.runs.all()) {
      if (this.#ofThisHour(run.segment) > this.closedThrough) this.#learnRun(run, bytes);
      else this.#open.addLeftover(run);
      this.#nextRun = run.run + 1;
    }
  }

  #learnRun(run: RunNote, sorted: Uint8Array): void {
    this.#open.add(run);
    this.#known.addRun(run, sorted);
    this.#nextRun = run.run + 1;
  }

  /** @throws {DamagedHourError} */
  #ofThisHour(segment: number): number {
    if (Math.floor(segment / SEGMENTS_PER_HOUR) === this.hour) return segment;
    throw new DamagedHourError("holds a segment of another hour");
  }
}
