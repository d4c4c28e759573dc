import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Database, readFileIfAny, replaceFile, type Statement } from "@glowworm/platform";
import { ascii, equalBytes } from "@glowworm/protocol";
import { openPrivateDatabase } from "./private-database.ts";

/** The key is random, and the only order there is: the file does not tell in which order uploads came. */
const CREATE = `
  CREATE TABLE IF NOT EXISTS spent (
    nonce BLOB PRIMARY KEY,
    mark BLOB NOT NULL
  ) WITHOUT ROWID, STRICT`;
const FILE = /^(\d+)\.sqlite/;
/** Holds the newest day that was forgotten. */
const FORGOTTEN = "forgotten";

interface SpentDay {
  readonly database: Database;
  readonly insert: Statement<[Uint8Array, Uint8Array], unknown>;
  readonly mark: Statement<[Uint8Array], { readonly mark: Uint8Array }>;
}

/**
 * Nonces of spent tokens and what they are bound to, a file for each day of tokens: to forget a day is to remove a file,
 * however much was spent. The newest day that was forgotten is remembered: when a clock was ahead for a while and is right
 * again, tokens of that day would be accepted once more. A binding is handed to the system when `bind` returns, and not
 * forced to the disk: it survives `kill -9`, and a wait for the disk before each upload would cost more than what a power
 * cut can give away, one batch more for a token of the moments before.
 */
export class SpentTokens {
  readonly #folder: string;
  readonly #open: (path: string) => Database;
  readonly #days: Map<number, SpentDay> = new Map();
  readonly #forgottenPath: string;
  /** Newest day whose file was removed. */
  #forgotten: number;

  /** @param open opens the file of a day; another one in tests. */
  constructor(dataFolder: string, open: (path: string) => Database = openDay) {
    this.#folder = join(dataFolder, "admission", "spent");
    this.#open = open;
    this.#forgottenPath = join(this.#folder, FORGOTTEN);
    const text = new TextDecoder().decode(readFileIfAny(this.#forgottenPath) ?? new Uint8Array());
    this.#forgotten = Number.parseInt(text, 10) || 0;
  }

  /** Binds a nonce to a mark; false when it is bound to another one, or what was spent on its day is forgotten. */
  bind(day: number, nonce: Uint8Array, mark: Uint8Array): boolean {
    if (day <= this.#forgotten) return false;
    const spent = this.#day(day);
    if (spent.insert.run(nonce, mark).changes > 0) return true;
    const bound = spent.mark.get(nonce);
    return bound !== undefined && equalBytes(bound.mark, mark);
  }

  /** Forgets tokens of days before this one. */
  dropBefore(day: number): void {
    for (const [old, { database }] of this.#days) {
      if (old >= day) continue;
      database.close();
      this.#days.delete(old);
    }
    if (!existsSync(this.#folder)) return;
    const names = readdirSync(this.#folder).filter((name) => dayOf(name) < day);
    // What is forgotten is remembered first: a crash in between leaves files, and no token that can be spent again.
    this.#remember(Math.max(0, ...names.map(dayOf)));
    for (const name of names) rmSync(join(this.#folder, name));
  }

  close(): void {
    for (const { database } of this.#days.values()) database.close();
    this.#days.clear();
  }

  #remember(day: number): void {
    if (day <= this.#forgotten) return;
    replaceFile(this.#forgottenPath, ascii(`${day}\n`));
    this.#forgotten = day;
  }

  #day(day: number): SpentDay {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const database = this.#open(join(this.#folder, `${day}.sqlite`));
    database.pragma("synchronous = NORMAL");
    const spent: SpentDay = {
      database,
      insert: database.prepare("INSERT INTO spent VALUES (?, ?) ON CONFLICT DO NOTHING"),
      mark: database.prepare("SELECT mark FROM spent WHERE nonce = ?"),
    };
    this.#days.set(day, spent);
    return spent;
  }
}

/** Day of a file of spent tokens; infinite for any other. */
function dayOf(name: string): number {
  return Number(FILE.exec(name)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** @throws {Failure} when the file cannot be opened. */
function openDay(path: string): Database {
  const remedy = `see whether the disk is full or failing; if the file is damaged, rm ${path}: tokens of that day can then be spent once more`;
  return openPrivateDatabase(path, CREATE, remedy);
}
