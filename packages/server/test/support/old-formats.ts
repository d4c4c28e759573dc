import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Database, openDatabase } from "@glowworm/platform";
import { arrivalStepOf, concat, manifestBytes, manifestHash } from "@glowworm/protocol";
import { Checksum } from "../../src/store/embedded/segments/checksum.ts";
import { crypto } from "./fixtures.ts";

const FOOTER_BYTES = 61;
const PAGE_BYTES = 34_048;
const RECORD_BYTES = 129;
const STORED_BYTES = 133;
const FILTER_HASH = { from: 45, to: 77 };

/** Turns a data folder of the third version into what the first program would have left: no filters, footers or mark. */
export function makeFirstFormat(folder: string): void {
  for (const name of readdirSync(join(folder, "hours"))) {
    const path = join(folder, "hours", name);
    writeFileSync(path, firstClosedHour(readFileSync(path)));
  }
  rewriteOpenHours(folder, writeFirst);
  rmSync(join(folder, "format"));
}

/** The same for the second: records in rows, and a sum of each closed segment. */
export function makeSecondFormat(folder: string): void {
  rewriteOpenHours(folder, writeSecond);
  writeFileSync(join(folder, "format"), "2\n");
}

function firstClosedHour(file: Uint8Array): Uint8Array {
  const pages = new DataView(file.buffer, file.byteOffset).getUint32(9);
  const end = manifestBytes(pages) + pages * PAGE_BYTES;
  const body = Uint8Array.from(file.subarray(0, end));
  body.fill(0, FILTER_HASH.from, FILTER_HASH.to);
  if (file.length < end + FOOTER_BYTES) throw new Error("not of the second version");
  return concat(body, manifestHash(crypto, body.subarray(0, manifestBytes(pages))));
}

interface OldHour {
  readonly first: number;
  readonly closed: readonly number[];
  readonly rows: readonly { readonly segment: number; readonly record: Buffer }[];
}

function rewriteOpenHours(
  folder: string,
  write: (database: Database, hour: OldHour) => void,
): void {
  const open = join(folder, "open");
  for (const name of readdirSync(open).filter((one) => one.endsWith(".sqlite"))) {
    const path = join(open, name);
    const hour = readOpenHour(open, path);
    for (const companion of ["", "-wal", "-shm"]) rmSync(path + companion, { force: true });
    const old = openDatabase(path);
    write(old, hour);
    old.close();
  }
  for (const name of readdirSync(open)) if (name.endsWith(".segment")) rmSync(join(open, name));
}

function readOpenHour(open: string, path: string): OldHour {
  const made = openDatabase(path);
  const first = made.prepare("SELECT first_segment FROM progress").pluck().get() as number;
  const closed = made.prepare("SELECT segment FROM segments ORDER BY segment").pluck().all();
  const runs = made.prepare("SELECT segment, records FROM runs").all();
  made.close();
  const segments = closed as readonly number[];
  const rows = segments.flatMap((segment) => {
    const file = readFileSync(join(open, `${segment}.segment`));
    const records = cut(file, STORED_BYTES, Math.floor((file.length - 25) / STORED_BYTES));
    return records.map((record) => ({ segment, record: record.subarray(0, RECORD_BYTES) }));
  });
  const late = (runs as readonly { segment: number; records: Buffer }[]).flatMap((run) =>
    cut(run.records, RECORD_BYTES, run.records.length / RECORD_BYTES).map((record) => {
      return { segment: run.segment, record };
    }),
  );
  return { first, closed: segments, rows: [...rows, ...late] };
}

function cut(bytes: Buffer, size: number, count: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

function writeFirst(old: Database, { first, closed, rows }: OldHour): void {
  old.exec(`
    CREATE TABLE reports (
      get_id BLOB NOT NULL, envelope BLOB NOT NULL, step INTEGER NOT NULL, segment INTEGER,
      PRIMARY KEY (get_id, envelope)
    ) WITHOUT ROWID;
    CREATE INDEX reports_by_segment ON reports (segment);
    CREATE TABLE progress (first_segment INTEGER NOT NULL, closed_through INTEGER NOT NULL);
    PRAGMA user_version = 1;
  `);
  old.prepare("INSERT INTO progress VALUES (?, ?)").run(first, closed.at(-1) ?? first - 1);
  const insert = old.prepare("INSERT INTO reports VALUES (?, ?, ?, ?)");
  for (const { segment, record } of rows) {
    insert.run(record.subarray(0, 16), record.subarray(16), arrivalStepOf(segment * 30), segment);
  }
  // What a closing that was cut off had added.
  insert.run(Buffer.alloc(16, 7), Buffer.alloc(113, 1), 1, null);
}

function writeSecond(old: Database, { first, closed, rows }: OldHour): void {
  old.exec(`
    CREATE TABLE reports (segment INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (segment, record)) WITHOUT ROWID;
    CREATE TABLE segments (segment INTEGER PRIMARY KEY, records INTEGER NOT NULL, checksum INTEGER NOT NULL);
    CREATE TABLE progress (first_segment INTEGER NOT NULL);
    PRAGMA user_version = 2;
  `);
  old.prepare("INSERT INTO progress VALUES (?)").run(first);
  const insert = old.prepare("INSERT INTO reports VALUES (?, ?)");
  for (const { segment, record } of rows) insert.run(segment, record);
  const note = old.prepare("INSERT INTO segments VALUES (?, ?, ?)");
  for (const segment of closed) {
    const sum = new Checksum();
    for (const row of rows) if (row.segment === segment) sum.addAll(row.record);
    note.run(segment, sum.records, sum.sum);
  }
}
