import { equalBytes } from "@glowworm/protocol";
import type { Tables } from "./schema.ts";
import { bytesOf, type Session } from "./session.ts";

/** Two timetables of closing: a server that misses one keeps its turn. */
const LEASE_SECONDS = 75;

/**
 * One of several servers closes what is over. It is an economy and nothing more: when two close the same, a transaction
 * chooses, so a lease that is lost in the middle harms nobody.
 */
export class Lease {
  readonly #session: Session;
  readonly #holder: Uint8Array;
  readonly #take: string;
  readonly #keep: string;
  readonly #release: string;

  /** @param holder 16 bytes that no other server has. */
  constructor(session: Session, tables: Tables, holder: Uint8Array) {
    const table = tables("leases");
    this.#session = session;
    this.#holder = holder;
    this.#take = `INSERT INTO ${table} (work, holder) VALUES ('close', ?) IF NOT EXISTS USING TTL ${LEASE_SECONDS}`;
    this.#keep = `UPDATE ${table} USING TTL ${LEASE_SECONDS} SET holder = ? WHERE work = 'close' IF holder = ?`;
    this.#release = `DELETE FROM ${table} WHERE work = 'close' IF holder = ?`;
  }

  /** Takes or prolongs the lease; false when another server has it. */
  async hold(): Promise<boolean> {
    const kept = await this.#session.decide(this.#keep, [this.#holder, this.#holder]);
    if (kept === null) return true;
    if ("holder" in kept && !equalBytes(bytesOf(kept, "holder"), this.#holder)) return false;
    return (await this.#session.decide(this.#take, [this.#holder])) === null;
  }

  /** Lets another server have it at once. */
  async release(): Promise<void> {
    await this.#session.decide(this.#release, [this.#holder]);
  }
}
