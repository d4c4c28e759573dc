import { compareBytes } from "@glowworm/protocol";
import { type ClusterOptions, connected } from "../store/cassandra/open.ts";
import { findSchema, type Tables } from "../store/cassandra/schema.ts";
import { bytesOf, intOf, type Row, type Session, textOf } from "../store/cassandra/session.ts";
import { StoreUnavailableError } from "../store/report-store.ts";
import {
  type Grant,
  type Invite,
  type Invites,
  inviteIdOf,
  type NewInvite,
} from "./token-store.ts";

/** Stands for "no day": a transaction cannot ask for null. */
const NO_DAY = -1;
/** Relays that share an invite may ask at the same moment; this often in a row they do not. */
const ATTEMPTS_MAX = 8;

/** Invites of a cluster: whatever changes one is a transaction, so that two servers never count the same tokens twice. */
export class ClusterInvites implements Invites {
  readonly #session: Session;
  readonly #tables: Tables;

  constructor(session: Session, tables: Tables) {
    this.#session = session;
    this.#tables = tables;
  }

  async add(hash: Uint8Array, invite: NewInvite): Promise<void> {
    const { name, tokensPerDay, madeDay, lastDay } = invite;
    await this.#session.decide(
      `INSERT INTO ${this.#tables("invites")} (hash, name, tokens_per_day, made_day, last_day, issue_day, issued)
       VALUES (?, ?, ?, ?, ?, ${NO_DAY}, 0) IF NOT EXISTS`,
      [hash, name, tokensPerDay, madeDay, lastDay ?? NO_DAY],
    );
  }

  async list(): Promise<readonly Invite[]> {
    const rows = [...(await this.#rows())];
    const order = (a: Row, b: Row): number =>
      intOf(a, "made_day") - intOf(b, "made_day") || compareBytes(hashOf(a), hashOf(b));
    return rows.sort(order).map(inviteOf);
  }

  async remove(id: string): Promise<boolean> {
    const row = (await this.#rows()).find((found) => inviteIdOf(hashOf(found)) === id);
    if (row === undefined) return false;
    const statement = `DELETE FROM ${this.#tables("invites")} WHERE hash = ? IF EXISTS`;
    return (await this.#session.decide(statement, [hashOf(row)])) === null;
  }

  /** @throws {StoreUnavailableError} */
  async take(hash: Uint8Array, day: number, count: number): Promise<Grant> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const grant = await this.#tryTake(hash, day, count);
      if (grant !== "changed") return grant;
    }
    throw new StoreUnavailableError("an invite was used by too many at once");
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #tryTake(hash: Uint8Array, day: number, count: number): Promise<Grant | "changed"> {
    const [row] = await this.#session.rows(
      `SELECT * FROM ${this.#tables("invites")} WHERE hash = ?`,
      [hash],
    );
    if (row === undefined) return "unknown";
    const { tokensPerDay, lastDay } = inviteOf(row);
    if (lastDay !== null && lastDay < day) return "unknown";
    const [issueDay, issued] = [intOf(row, "issue_day"), intOf(row, "issued")];
    const sum = count + (issueDay === day ? issued : 0);
    if (issueDay > day || sum > tokensPerDay) return "used-up";
    const standing = await this.#session.decide(
      `UPDATE ${this.#tables("invites")} SET issue_day = ?, issued = ?
       WHERE hash = ? IF issue_day = ? AND issued = ?`,
      [day, sum, hash, issueDay, issued],
    );
    return standing === null ? "granted" : "changed";
  }

  async #rows(): Promise<readonly Row[]> {
    return await this.#session.rows(`SELECT * FROM ${this.#tables("invites")}`, []);
  }
}

/** Opens the invites of a cluster that a server has used. Makes nothing. @throws {Failure} */
export async function openClusterInvites(cluster: ClusterOptions): Promise<ClusterInvites> {
  const use = async (session: Session, tables: Tables): Promise<ClusterInvites> =>
    new ClusterInvites(session, tables);
  return await connected(cluster, findSchema, use);
}

function inviteOf(row: Row): Invite {
  const dayOrNull = (column: string): number | null => {
    const day = intOf(row, column);
    return day === NO_DAY ? null : day;
  };
  return {
    id: inviteIdOf(hashOf(row)),
    name: textOf(row, "name"),
    tokensPerDay: intOf(row, "tokens_per_day"),
    madeDay: intOf(row, "made_day"),
    lastDay: dayOrNull("last_day"),
    issueDay: dayOrNull("issue_day"),
  };
}

function hashOf(row: Row): Uint8Array {
  return bytesOf(row, "hash");
}
