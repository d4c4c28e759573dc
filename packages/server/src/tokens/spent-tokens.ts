import { join } from "node:path";
import type { Database, Statement } from "@glowworm/platform";
import { equalBytes } from "@glowworm/protocol";
import { openPrivateDatabase } from "./private-database.ts";

/** The key is random, and the only order there is: the file does not tell in which order uploads came. */
const CREATE = `
  CREATE TABLE IF NOT EXISTS spent (
    nonce BLOB PRIMARY KEY,
    day INTEGER NOT NULL,
    mark BLOB NOT NULL
  ) WITHOUT ROWID, STRICT`;

/**
 * Nonces of spent tokens and what they are bound to. A binding is handed to the system when `bind` returns, and not
 * forced to the disk: it survives `kill -9`, and a wait for the disk before each upload would cost more than what a power
 * cut can give away, one batch more for a token of the moments before.
 */
export class SpentTokens {
  readonly #database: Database;
  readonly #insert: Statement<[Uint8Array, number, Uint8Array], unknown>;
  readonly #mark: Statement<[Uint8Array], { readonly mark: Uint8Array }>;
  readonly #drop: Statement<[number], unknown>;

  constructor(database: Database) {
    database.pragma("synchronous = NORMAL");
    this.#database = database;
    this.#insert = database.prepare("INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    this.#mark = database.prepare("SELECT mark FROM spent WHERE nonce = ?");
    this.#drop = database.prepare("DELETE FROM spent WHERE day < ?");
  }

  /** Binds a nonce to a mark; false when it is bound to another one. */
  bind(day: number, nonce: Uint8Array, mark: Uint8Array): boolean {
    if (this.#insert.run(nonce, day, mark).changes > 0) return true;
    const bound = this.#mark.get(nonce);
    return bound !== undefined && equalBytes(bound.mark, mark);
  }

  /** Forgets tokens of days before this one. */
  dropBefore(day: number): void {
    this.#drop.run(day);
  }

  close(): void {
    this.#database.close();
  }
}

/** Opens the spent tokens of a server's data folder, made when missing. @throws {Failure} */
export function openSpentTokens(dataFolder: string): SpentTokens {
  const path = join(dataFolder, "admission", "spent-tokens.sqlite");
  const remedy = `see whether the disk is full or failing; if the file is damaged, rm ${path}: tokens of two days can then be spent once more`;
  return new SpentTokens(openPrivateDatabase(path, CREATE, remedy));
}
