import { join } from "node:path";
import type { Database, Statement } from "@glowworm/platform";
import { openPrivateDatabase } from "./private-database.ts";
import {
  type Grant,
  type Invite,
  type Invites,
  inviteIdOf,
  type NewInvite,
} from "./token-store.ts";

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

/** Invites in one file. */
export class InviteBook implements Invites {
  readonly #database: Database;
  readonly #insert: Statement<[Uint8Array, string, number, number, number | null], unknown>;
  readonly #list: Statement<[], InviteRow>;
  readonly #remove: Statement<[Uint8Array], unknown>;
  readonly #known: Statement<[Uint8Array, number], unknown>;
  readonly #count: Statement<TakeBinding, unknown>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.prepare(
      "INSERT INTO invite (hash, name, tokens_per_day, made_day, last_day) VALUES (?, ?, ?, ?, ?)",
    );
    this.#list = database.prepare(
      `SELECT hash, name, tokens_per_day AS tokensPerDay, made_day AS madeDay, last_day AS lastDay,
         issue_day AS issueDay
       FROM invite ORDER BY made_day, hash`,
    );
    this.#remove = database.prepare("DELETE FROM invite WHERE hash = ?");
    this.#known = database.prepare(
      "SELECT 1 FROM invite WHERE hash = ? AND (last_day IS NULL OR last_day >= ?)",
    );
    this.#count = database.prepare(
      `UPDATE invite SET issued = @count + iif(issue_day = @day, issued, 0), issue_day = @day
       WHERE hash = @hash AND ifnull(issue_day <= @day, 1)
         AND @count + iif(issue_day = @day, issued, 0) <= tokens_per_day`,
    );
  }

  async add(hash: Uint8Array, { name, tokensPerDay, madeDay, lastDay }: NewInvite): Promise<void> {
    this.#insert.run(hash, name, tokensPerDay, madeDay, lastDay);
  }

  async list(): Promise<readonly Invite[]> {
    return this.#list.all().map(({ hash, ...invite }) => ({ id: inviteIdOf(hash), ...invite }));
  }

  async remove(id: string): Promise<boolean> {
    const found = this.#list.all().find(({ hash }) => inviteIdOf(hash) === id);
    return found !== undefined && this.#remove.run(found.hash).changes > 0;
  }

  async take(hash: Uint8Array, day: number, count: number): Promise<Grant> {
    if (this.#known.get(hash, day) === undefined) return "unknown";
    return this.#count.run({ hash, day, count }).changes > 0 ? "granted" : "used-up";
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}

type InviteRow = Omit<Invite, "id"> & { readonly hash: Uint8Array };
type TakeBinding = [{ readonly hash: Uint8Array; readonly day: number; readonly count: number }];

/** Opens the invites of a server's data folder, which are made when missing. @throws {Failure} */
export function openInviteBook(dataFolder: string): InviteBook {
  const path = join(dataFolder, "admission", "invites.sqlite");
  const remedy = `see whether the disk is full or failing; if the file is damaged, rm ${path} and make new invites`;
  return new InviteBook(openPrivateDatabase(path, CREATE, remedy));
}
