import type { Tables } from "./schema.ts";
import { bytesOf, type Session } from "./session.ts";

/** Bytes of the random name of a candidate. */
export const CANDIDATE_BYTES = 16;

/** What a candidate is proposed for. */
export type CandidateKind = "segments" | "hour";

/** A candidate that was announced. */
export interface ListedCandidate {
  readonly candidate: Uint8Array;
  readonly kind: CandidateKind;
}

/** The candidates of each hour that is not cleared. */
export class CandidateList {
  readonly #session: Session;
  readonly #table: string;
  readonly #ttlSeconds: number;

  /** @param ttlSeconds for which candidates are kept. */
  constructor(session: Session, tables: Tables, ttlSeconds: number) {
    this.#session = session;
    this.#table = tables("candidates");
    this.#ttlSeconds = ttlSeconds;
  }

  /** Lists a candidate before anything is written under it: who dies with it half written leaves nothing unknown. */
  async announce(hour: number, candidate: Uint8Array, kind: CandidateKind): Promise<void> {
    const statement = `INSERT INTO ${this.#table} (hour, candidate, is_hour) VALUES (?, ?, ?)`;
    await this.#session.write(`${statement} USING TTL ${this.#ttlSeconds}`, [
      hour,
      candidate,
      kind === "hour",
    ]);
  }

  async of(hour: number): Promise<readonly ListedCandidate[]> {
    const statement = `SELECT candidate, is_hour FROM ${this.#table} WHERE hour = ?`;
    const rows = await this.#session.rows(statement, [hour]);
    return rows.map((row) => ({
      candidate: bytesOf(row, "candidate"),
      kind: row["is_hour"] === true ? "hour" : "segments",
    }));
  }

  /** Forgets those of an hour, once what was written under them is removed. */
  async forget(hour: number): Promise<void> {
    await this.#session.write(`DELETE FROM ${this.#table} WHERE hour = ?`, [hour]);
  }
}
