import { STORED_RECORD_BYTES } from "@glowworm/protocol";
import { inParts } from "../byte-parts.ts";
import type { ByteParts } from "../report-store.ts";
import type { Closing } from "./book.ts";
import { counted, cut, PART_RECORDS, whole, writePartRows } from "./part-rows.ts";
import type { Tables } from "./schema.ts";
import type { Session } from "./session.ts";

/** Parts fetched at a time by whoever reads a whole hour: it holds so many of each of 120 segments. */
const STREAM_PARTS = 2;

/** Bytes of segments, under the candidates that were made for them: written before one is chosen, and not read before. */
export class SegmentCandidates {
  readonly #session: Session;
  readonly #table: string;
  readonly #ttlSeconds: number;

  /** @param ttlSeconds after which all of it is gone. */
  constructor(session: Session, tables: Tables, ttlSeconds: number) {
    this.#session = session;
    this.#table = tables("segment_pieces");
    this.#ttlSeconds = ttlSeconds;
  }

  /** Writes segments whose records are in order. */
  async write(candidate: Uint8Array, segments: ReadonlyMap<number, Uint8Array>): Promise<void> {
    const rows = [...segments].flatMap(([segment, bytes]) =>
      cut(bytes).map((part, index) => [candidate, segment, index, part] as const),
    );
    const statement = `INSERT INTO ${this.#table} (candidate, segment, piece, bytes) VALUES (?, ?, ?, ?)`;
    await writePartRows(this.#session, statement, rows, this.#ttlSeconds);
  }

  /**
   * The records of a segment in order, whole records at a time.
   * @throws {StoreUnavailableError} in the end, when there were not `count` of them: its hour was closed meanwhile.
   */
  async *read(candidate: Uint8Array, segment: number, count: number): AsyncGenerator<Uint8Array> {
    const rows = this.#session.stream(
      `SELECT bytes FROM ${this.#table} WHERE candidate = ? AND segment = ?`,
      [candidate, segment],
      { fetchSize: STREAM_PARTS },
    );
    yield* counted(rows, count * STORED_RECORD_BYTES);
  }

  /** A segment of a closing, whose first part is read already. @throws {StoreUnavailableError} as `read`. */
  async parts(closing: Closing, segment: number): Promise<ByteParts> {
    const { first, candidate, counts } = closing;
    const count = counts[segment - first] ?? 0;
    const parts = (): AsyncGenerator<Uint8Array> => this.read(candidate, segment, count);
    const length = count * STORED_RECORD_BYTES;
    if (count <= PART_RECORDS) return inParts(await whole(parts()));
    for await (const _ of parts()) break;
    return { length, parts };
  }

  async remove(candidate: Uint8Array): Promise<void> {
    await this.#session.write(`DELETE FROM ${this.#table} WHERE candidate = ?`, [candidate]);
  }
}
