import type { Tables } from "./schema.ts";
import { intOf, type Session } from "./session.ts";

/**
 * The last segment that nothing may enter any more, and with it all before. Whoever closes raises it before it reads what
 * arrived; whoever writes reads it after it has written. Quorums overlap, so either the one sees the records or the other
 * sees the fence. Its number is also its timestamp: the highest wins, whatever the clocks say, and it never falls.
 */
export class Fence {
  readonly #session: Session;
  readonly #read: string;
  readonly #raise: string;

  constructor(session: Session, tables: Tables) {
    this.#session = session;
    this.#read = `SELECT value FROM ${tables("marks")} WHERE name = 'fence'`;
    this.#raise = `INSERT INTO ${tables("marks")} (name, value) VALUES ('fence', ?)`;
  }

  /** -1 when nothing was ever closed. */
  async read(): Promise<number> {
    const [row] = await this.#session.rows(this.#read, []);
    return row === undefined ? -1 : intOf(row, "value");
  }

  async raise(segment: number): Promise<void> {
    await this.#session.write(this.#raise, [segment], { timestamp: segment });
  }
}
