import SqliteDatabase from "better-sqlite3";

/** An open SQLite database. @see https://github.com/WiseLibs/better-sqlite3 */
export type Database = SqliteDatabase.Database;
/** A prepared statement: the types of what is bound and of a row. */
export type Statement<Bind extends unknown[], Row> = SqliteDatabase.Statement<Bind, Row>;

/**
 * Opens or creates a database whose commits are on disk when they return: write-ahead log, full synchronisation.
 * The only place that imports the driver.
 */
export function openDatabase(path: string): Database {
  const database = new SqliteDatabase(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("secure_delete = ON");
  return database;
}

/** Opens a database for reading, beside whoever writes it; makes none, and leaves it as it is. */
export function openForReading(path: string): Database {
  return new SqliteDatabase(path, { readonly: true, fileMustExist: true });
}

/** The database that the bytes of a file are, in memory, for reading. */
export function databaseOf(file: Buffer): Database {
  return new SqliteDatabase(file, { readonly: true });
}
