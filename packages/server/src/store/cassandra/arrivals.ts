import {
  ARRIVAL_STEP_SECONDS,
  arrivalStepOf,
  GET_ID_BYTES,
  hourOfSegment,
  SEGMENT_SECONDS,
  STORABLE_RECORD_BYTES,
  type StoredRecord,
} from "@glowworm/protocol";
import type { Tables } from "./schema.ts";
import { bytesOf, intOf, type Row, type Session } from "./session.ts";

/** Leading bits of a `get_id` that choose its partition: a segment is spread over so many times the copies. */
const SHARD_BITS = 3;
const SHARDS = Array.from({ length: 2 ** SHARD_BITS }, (_, shard) => shard).join(", ");
/** Rows of one write, 66 kB. */
const ROWS_MAX = 512;
/** Segments that are removed at a time. */
const REMOVED_AT_ONCE = 15;
const MICROSECONDS = 1_000_000;

/** What a row says of a report. */
type Report = Omit<StoredRecord, "arrivalStep">;

/**
 * Reports of segments that are not closed. They have no expiry, since with it a row keeps the second in which it was
 * written: its partitions are removed when the hour is closed, and once more at the end of retention.
 */
export class Arrivals {
  readonly #session: Session;
  readonly #tables: Tables;
  /** Partitions of the newest segment that are known to be listed. */
  #listed: { readonly segment: number; readonly shards: Set<number> } = noneListed(-1);

  constructor(session: Session, tables: Tables) {
    this.#session = session;
    this.#tables = tables;
  }

  /** Durable when it resolves. What a failed call wrote may be there in part, and may be written again. */
  async write(segment: number, records: Uint8Array): Promise<void> {
    const shards = new Map<number, Report[]>();
    for (let at = 0; at < records.length; at += STORABLE_RECORD_BYTES) {
      const report = reportAt(records, at);
      const shard = shardOf(report.getId);
      const group = shards.get(shard);
      if (group === undefined) shards.set(shard, [report]);
      else group.push(report);
    }
    const writes = [...shards].flatMap(([shard, group]) => [
      this.#list(segment, shard),
      ...writesOf(group).map((reports) => this.#writeShard(segment, shard, reports)),
    ]);
    await Promise.all(writes);
  }

  /** The partitions of `first` to `through`, which are segments of one hour, by segment. */
  async shards(first: number, through: number): Promise<ReadonlyMap<number, readonly number[]>> {
    const rows = await this.#session.rows(
      `SELECT segment, shard FROM ${this.#tables("arrival_shards")}
       WHERE hour = ? AND segment >= ? AND segment <= ?`,
      [hourOfSegment(first), first, through],
    );
    const found = new Map<number, number[]>();
    for (const row of rows) {
      const segment = intOf(row, "segment");
      found.set(segment, [...(found.get(segment) ?? []), intOf(row, "shard")]);
    }
    return found;
  }

  /** All records of a segment whose partitions are named. */
  async read(segment: number, shards: readonly number[]): Promise<readonly StoredRecord[]> {
    const arrivalStep = arrivalStepOf(segment * SEGMENT_SECONDS);
    const found = await Promise.all(
      shards.map((shard) =>
        this.#session.rows(
          `SELECT get_id, envelope FROM ${this.#tables("arrivals")} WHERE segment = ? AND shard = ?`,
          [segment, shard],
        ),
      ),
    );
    return found.flat().map((row) => ({ ...reportOf(row), arrivalStep }));
  }

  /**
   * Removes the segments `first` to `through` of a closed hour: every partition, listed or not, so that what a slow server
   * still writes there is removed as it comes, for as long as nodes keep removals.
   */
  async remove(hour: number, first: number, through: number): Promise<void> {
    const timestamp = timestampOf(through);
    const statement = `DELETE FROM ${this.#tables("arrivals")} WHERE segment = ? AND shard IN (${SHARDS})`;
    for (let segment = first; segment <= through; segment += REMOVED_AT_ONCE) {
      const length = Math.min(REMOVED_AT_ONCE, through - segment + 1);
      const removals = Array.from({ length }, (_, index) =>
        this.#session.write(statement, [segment + index], { timestamp }),
      );
      await Promise.all(removals);
    }
    const listing = `DELETE FROM ${this.#tables("arrival_shards")} WHERE hour = ?`;
    await this.#session.write(listing, [hour], { timestamp });
  }

  async #list(segment: number, shard: number): Promise<void> {
    if (this.#listed.segment !== segment) this.#listed = noneListed(segment);
    const { shards } = this.#listed;
    if (shards.has(shard)) return;
    await this.#session.write(
      `INSERT INTO ${this.#tables("arrival_shards")} (hour, segment, shard) VALUES (?, ?, ?)`,
      [hourOfSegment(segment), segment, shard],
      { timestamp: timestampOf(segment) },
    );
    shards.add(shard);
  }

  async #writeShard(segment: number, shard: number, reports: readonly Report[]): Promise<void> {
    await this.#session.writeRows(
      `INSERT INTO ${this.#tables("arrivals")} (segment, shard, get_id, envelope) VALUES (?, ?, ?, ?)`,
      reports.map(({ getId, envelope }) => [segment, shard, getId, envelope]),
      { timestamp: timestampOf(segment) },
    );
  }
}

/** The arrival step in microseconds: the only time that rows keep. */
function timestampOf(segment: number): number {
  return arrivalStepOf(segment * SEGMENT_SECONDS) * ARRIVAL_STEP_SECONDS * MICROSECONDS;
}

function shardOf(getId: Uint8Array): number {
  return (getId[0] ?? 0) >> (8 - SHARD_BITS);
}

function noneListed(segment: number): { segment: number; shards: Set<number> } {
  return { segment, shards: new Set() };
}

/** What goes into one write each. */
function writesOf(reports: readonly Report[]): readonly (readonly Report[])[] {
  const count = Math.ceil(reports.length / ROWS_MAX);
  return Array.from({ length: count }, (_, index) =>
    reports.slice(index * ROWS_MAX, (index + 1) * ROWS_MAX),
  );
}

function reportAt(records: Uint8Array, at: number): Report {
  const envelopeAt = at + GET_ID_BYTES;
  return {
    getId: records.subarray(at, envelopeAt),
    envelope: records.subarray(envelopeAt, at + STORABLE_RECORD_BYTES),
  };
}

function reportOf(row: Row): Report {
  return { getId: bytesOf(row, "get_id"), envelope: bytesOf(row, "envelope") };
}
