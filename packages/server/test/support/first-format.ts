import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "@glowworm/platform";
import { arrivalStepOf, concat, manifestBytes, manifestHash } from "@glowworm/protocol";
import { crypto } from "./fixtures.ts";

const FOOTER_BYTES = 61;
const PAGE_BYTES = 34_048;
const FILTER_HASH = { from: 45, to: 77 };

/** Turns a data folder of the second version into what the first program would have left: no filters, footers or mark. */
export function makeFirstFormat(folder: string): void {
  for (const name of readdirSync(join(folder, "hours"))) {
    const path = join(folder, "hours", name);
    writeFileSync(path, firstClosedHour(readFileSync(path)));
  }
  for (const name of readdirSync(join(folder, "open"))) {
    if (name.endsWith(".sqlite")) rewriteOpenHour(join(folder, "open", name));
  }
  rmSync(join(folder, "format"));
}

function firstClosedHour(file: Uint8Array): Uint8Array {
  const pages = new DataView(file.buffer, file.byteOffset).getUint32(9);
  const end = manifestBytes(pages) + pages * PAGE_BYTES;
  const body = Uint8Array.from(file.subarray(0, end));
  body.fill(0, FILTER_HASH.from, FILTER_HASH.to);
  if (file.length < end + FOOTER_BYTES) throw new Error("not of the second version");
  return concat(body, manifestHash(crypto, body.subarray(0, manifestBytes(pages))));
}

interface Row {
  readonly segment: number;
  readonly record: Buffer;
}

function rewriteOpenHour(path: string): void {
  const made = openDatabase(path);
  const rows = made.prepare<[], Row>("SELECT segment, record FROM reports").all();
  const first = made.prepare("SELECT first_segment FROM progress").pluck().get() as number;
  const closed = made.prepare("SELECT max(segment) FROM segments").pluck().get() as number | null;
  made.close();
  for (const companion of ["", "-wal", "-shm"]) rmSync(path + companion, { force: true });
  const old = openDatabase(path);
  old.exec(`
    CREATE TABLE reports (
      get_id BLOB NOT NULL, envelope BLOB NOT NULL, step INTEGER NOT NULL, segment INTEGER,
      PRIMARY KEY (get_id, envelope)
    ) WITHOUT ROWID;
    CREATE INDEX reports_by_segment ON reports (segment);
    CREATE TABLE progress (first_segment INTEGER NOT NULL, closed_through INTEGER NOT NULL);
    PRAGMA user_version = 1;
  `);
  old.prepare("INSERT INTO progress VALUES (?, ?)").run(first, closed ?? first - 1);
  const insert = old.prepare("INSERT INTO reports VALUES (?, ?, ?, ?)");
  for (const { segment, record } of rows) {
    insert.run(record.subarray(0, 16), record.subarray(16), arrivalStepOf(segment * 30), segment);
  }
  // What a closing that was cut off had added.
  insert.run(Buffer.alloc(16, 7), Buffer.alloc(113, 1), 1, null);
  old.close();
}
