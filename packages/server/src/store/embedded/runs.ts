import { crc32 } from "node:zlib";
import type { Database, Statement } from "@glowworm/platform";
import { RECORD_BYTES } from "../hour-assembly.ts";
import { DamagedHourError } from "./damage.ts";
import { isAmong } from "./sorted-records.ts";

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

/** The runs of an open hour's database: what was stored in it and is in no segment's file yet. */
export class Runs {
  readonly #database: Database;
  readonly #read: Statement<[number], RunRow>;
  #last: { readonly run: number; readonly records: Uint8Array } | null = null;

  constructor(database: Database) {
    this.#database = database;
    this.#read = database.prepare("SELECT * FROM runs WHERE run = ?");
  }

  /** All of them in the order in which they were written, each checked. @throws {DamagedHourError} */
  *all(): Generator<RunNote & { readonly bytes: Uint8Array }> {
    const rows = this.#database.prepare<[], RunRow>("SELECT * FROM runs ORDER BY run");
    for (const row of rows.iterate()) {
      const bytes = checked(row);
      const { run, segment } = row;
      yield { run, segment, records: bytes.length / RECORD_BYTES, bytes };
    }
  }

  /** The records of a run, in order, 129 bytes each. @throws {DamagedHourError} */
  records(run: number): Uint8Array {
    const row = this.#read.get(run);
    if (row === undefined) throw new DamagedHourError("a run is missing");
    return checked(row);
  }

  /** Whether a run holds a record. The run that was read last is kept: who sends a batch again asks for its neighbours. */
  has(run: number, record: Uint8Array): boolean {
    if (this.#last?.run !== run) this.#last = { run, records: this.records(run) };
    const { records } = this.#last;
    return isAmong(record, records.length / RECORD_BYTES, (number) =>
      records.subarray(number * RECORD_BYTES, (number + 1) * RECORD_BYTES),
    );
  }

  /** Appends sorted records, the first of them as run `first`. Call it within a transaction. */
  append(first: number, segment: number, sorted: Uint8Array): readonly RunNote[] {
    const insert = this.#database.prepare("INSERT INTO runs VALUES (?, ?, ?, ?)");
    const notes: RunNote[] = [];
    for (let at = 0; at < sorted.length; at += RUN_RECORDS_MAX * RECORD_BYTES) {
      const records = sorted.subarray(at, at + RUN_RECORDS_MAX * RECORD_BYTES);
      const run = first + notes.length;
      insert.run(run, segment, records, crc32(records));
      notes.push({ run, segment, records: records.length / RECORD_BYTES });
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

function checked({ records, checksum }: RunRow): Uint8Array {
  const isWhole = Buffer.isBuffer(records) && records.length % RECORD_BYTES === 0;
  if (isWhole && crc32(records) === checksum) return records;
  throw new DamagedHourError("a run differs from its sum");
}
