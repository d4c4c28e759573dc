import { crc32 } from "node:zlib";
import type { Database, Statement } from "@glowworm/platform";
import { STORABLE_RECORD_BYTES } from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import { isAmong } from "../segments/sorted-records.ts";

/** Records of the longest run, 66 kB: what is read to find out whether one of them is there. */
const RUN_RECORDS_MAX = 512;

interface RunRow {
  readonly run: number;
  readonly segment: number;
  readonly records: Buffer;
  readonly checksum: number;
}

/** A run without its records. */
export interface RunNote {
  readonly run: number;
  readonly segment: number;
  /** How many records it has. */
  readonly records: number;
}

/** A run with its records, 129 bytes each. */
export interface Run extends RunNote {
  readonly bytes: Uint8Array;
}

/** The runs of an open hour's database: what was stored in it and is in no segment's file yet. */
export class Runs {
  readonly #database: Database;
  readonly #read: Statement<[number], RunRow>;
  #last: { readonly run: number; readonly records: Uint8Array } | null = null;

  constructor(database: Database) {
    this.#database = database;
    this.#read = database.prepare("SELECT * FROM runs WHERE run = ?");
  }

  /**
   * All of them in ascending order, each checked. Each is read by itself: a reader that stays keeps who writes from emptying the
   * log. @throws {DamagedHourError}
   */
  *all(): Generator<Run> {
    const following = this.#database.prepare<[number], RunRow>(
      "SELECT * FROM runs WHERE run > ? ORDER BY run LIMIT 1",
    );
    for (let row = following.get(0); row !== undefined; row = following.get(row.run)) {
      yield runOf(row);
    }
  }

  /** The segment of each run. Reads no records. */
  segments(): ReadonlyMap<number, number> {
    const rows = this.#database.prepare<[], RunRow>("SELECT run, segment FROM runs").all();
    return new Map(rows.map(({ run, segment }) => [run, segment]));
  }

  /** How many records the runs after a segment have. Reads none of them. */
  recordsAfter(segment: number): number {
    const bytes = this.#database
      .prepare<[number], number>("SELECT total(length(records)) FROM runs WHERE segment > ?")
      .pluck()
      .get(segment);
    return (bytes ?? 0) / STORABLE_RECORD_BYTES;
  }

  /** The records of a run, in order, 129 bytes each. @throws {DamagedHourError} */
  records(run: number): Uint8Array {
    return this.read(run).bytes;
  }

  /** @throws {DamagedHourError} */
  read(run: number): Run {
    const row = this.#read.get(run);
    if (row === undefined) throw new DamagedHourError("a run is missing");
    return runOf(row);
  }

  /** Whether a run holds a record. The run that was read last is kept: who sends a batch again asks for its neighbours. */
  has(run: number, record: Uint8Array): boolean {
    if (this.#last?.run !== run) this.#last = { run, records: this.records(run) };
    const { records } = this.#last;
    return isAmong(record, records.length / STORABLE_RECORD_BYTES, (number) =>
      records.subarray(number * STORABLE_RECORD_BYTES, (number + 1) * STORABLE_RECORD_BYTES),
    );
  }

  /** Appends sorted records, the first of them as run `first`. Call it within a transaction. */
  append(first: number, segment: number, sorted: Uint8Array): readonly RunNote[] {
    const insert = this.#database.prepare("INSERT INTO runs VALUES (?, ?, ?, ?)");
    const notes: RunNote[] = [];
    for (let at = 0; at < sorted.length; at += RUN_RECORDS_MAX * STORABLE_RECORD_BYTES) {
      const records = sorted.subarray(at, at + RUN_RECORDS_MAX * STORABLE_RECORD_BYTES);
      const run = first + notes.length;
      insert.run(run, segment, records, crc32(records));
      notes.push({ run, segment, records: records.length / STORABLE_RECORD_BYTES });
    }
    return notes;
  }

  /** Removes runs, overwritten with zeros. Call it within a transaction. */
  remove(runs: readonly RunNote[]): void {
    const remove = this.#database.prepare("DELETE FROM runs WHERE run = ?");
    for (const { run } of runs) remove.run(run);
    this.#last = null;
  }
}

function runOf({ run, segment, records: bytes, checksum }: RunRow): Run {
  const isWhole = Buffer.isBuffer(bytes) && bytes.length % STORABLE_RECORD_BYTES === 0;
  if (isWhole && crc32(bytes) === checksum) {
    return { run, segment, records: bytes.length / STORABLE_RECORD_BYTES, bytes };
  }
  throw new DamagedHourError("a run differs from its sum");
}
