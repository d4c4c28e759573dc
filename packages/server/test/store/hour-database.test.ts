import { join } from "node:path";
import { type Database, openDatabase } from "@glowworm/platform";
import { describe, expect, it } from "vitest";
import { HourDatabase } from "../../src/store/embedded/hour-database.ts";
import { temporaryFolder } from "../support/fixtures.ts";

/** Stands before a database whose log cannot be emptied. */
function withoutCheckpoints(database: Database): Database {
  const pragma = database.pragma.bind(database);
  database.pragma = (source, options) => {
    if (source.startsWith("wal_checkpoint")) throw new Error("the disk fails");
    return pragma(source, options);
  };
  return database;
}

describe("the database of an open hour", () => {
  it("waits for others as before when its log could not be emptied", () => {
    const opened: Database[] = [];
    const open = (path: string): Database => {
      const database = withoutCheckpoints(openDatabase(path));
      opened.push(database);
      return database;
    };
    const hour = HourDatabase.create(open, join(temporaryFolder(), "7.sqlite"), 7 * 120);
    const patience = (): unknown => opened.at(-1)?.pragma("busy_timeout", { simple: true });
    const before = patience();
    expect(() => hour.truncateLog()).toThrow("the disk fails");
    expect(patience()).toBe(before);
    expect(before).toBeGreaterThan(0);
    hour.close();
  });
});
