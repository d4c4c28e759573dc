import { join } from "node:path";
import type { Database, Statement } from "@glowworm/platform";
import { toHex } from "@glowworm/protocol";
import { openPrivateDatabase } from "./private-database.ts";
import type { Grant } from "./token-store.ts";

/** What an operator sees of an invite: when tokens were last issued for it, never what was uploaded. */
export interface Invite {
  /** First 4 bytes of its hash, lowercase hex: names it on the command line. */
  readonly id: string;
  readonly name: string;
  readonly tokensPerDay: number;
  /** UTC day numbers. */
  readonly madeDay: number;
  /** Last day on which it is good, or null when it does not end. */
  readonly lastDay: number | null;
  /** Last day on which tokens were issued for it, or null. */
  readonly issueDay: number | null;
}

/** An invite to be. */
export type NewInvite = Pick<Invite, "name" | "tokensPerDay" | "madeDay" | "lastDay">;

const ID_BYTES = 4;
const CREATE = `
  CREATE TABLE IF NOT EXISTS invite (
    hash BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    tokens_per_day INTEGER NOT NULL,
    made_day INTEGER NOT NULL,
    last_day INTEGER,
    issue_day INTEGER,
    issued INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID, STRICT`;

/** Invites in one file: the command line writes them while the server runs, and both see the same. */
export class InviteBook {
  readonly #database: Database;
  readonly #insert: Statement<[Uint8Array, string, number, number, number | null], unknown>;
  readonly #list: Statement<[number], Invite>;
  readonly #remove: Statement<[number, string], unknown>;
  readonly #known: Statement<[Uint8Array, number], unknown>;
  readonly #count: Statement<TakeBinding, unknown>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.prepare(
      "INSERT INTO invite (hash, name, tokens_per_day, made_day, last_day) VALUES (?, ?, ?, ?, ?)",
    );
    this.#list = database.prepare(
      `SELECT lower(hex(substr(hash, 1, ?))) AS id, name, tokens_per_day AS tokensPerDay,
         made_day AS madeDay, last_day AS lastDay, issue_day AS issueDay
       FROM invite ORDER BY made_day, hash`,
    );
    this.#remove = database.prepare("DELETE FROM invite WHERE lower(hex(substr(hash, 1, ?))) = ?");
    this.#known = database.prepare(
      "SELECT 1 FROM invite WHERE hash = ? AND (last_day IS NULL OR last_day >= ?)",
    );
    this.#count = database.prepare(
      `UPDATE invite SET issued = @count + iif(issue_day = @day, issued, 0), issue_day = @day
       WHERE hash = @hash AND @count + iif(issue_day = @day, issued, 0) <= tokens_per_day`,
    );
  }

  /** Adds an invite by its hash of 32 bytes; it is on disk when this returns. */
  add(hash: Uint8Array, { name, tokensPerDay, madeDay, lastDay }: NewInvite): void {
    this.#insert.run(hash, name, tokensPerDay, madeDay, lastDay);
  }

  /** All invites, the oldest first. */
  list(): readonly Invite[] {
    return this.#list.all(ID_BYTES);
  }

  /** Takes an invite back; false when there is none of this id. */
  remove(id: string): boolean {
    return this.#remove.run(ID_BYTES, id).changes > 0;
  }

  /** Counts tokens of a day to an invite; what it says yes to is on disk. */
  take(hash: Uint8Array, day: number, count: number): Grant {
    if (this.#known.get(hash, day) === undefined) return "unknown";
    return this.#count.run({ hash, day, count }).changes > 0 ? "granted" : "used-up";
  }

  close(): void {
    this.#database.close();
  }
}

type TakeBinding = [{ readonly hash: Uint8Array; readonly day: number; readonly count: number }];

/** Name of an invite on the command line, from its hash. */
export function inviteIdOf(hash: Uint8Array): string {
  return toHex(hash.slice(0, ID_BYTES));
}

/** Opens the invites of a server's data folder, which are made when missing. @throws {Failure} */
export function openInviteBook(dataFolder: string): InviteBook {
  const path = join(dataFolder, "admission", "invites.sqlite");
  const remedy = `see whether the disk is full or failing; if the file is damaged, rm ${path} and make new invites`;
  return new InviteBook(openPrivateDatabase(path, CREATE, remedy));
}
