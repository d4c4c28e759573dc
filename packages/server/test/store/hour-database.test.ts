import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Database, openDatabase, openForReading } from "@glowworm/platform";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it, vi } from "vitest";
import { CopiedPages } from "../../src/store/embedded/open/copied-pages.ts";
import { HourDatabase } from "../../src/store/embedded/open/hour-database.ts";
import { Runs } from "../../src/store/embedded/open/runs.ts";
import { packed, someReports, temporaryFolder } from "../support/fixtures.ts";

const random = seededRandom("hour database");
const SEGMENT = 7 * 120;

/** A disk on which no log is copied into a database while it fails. */
class FailingDisk {
  fails = false;

  readonly open = (path: string): Database => {
    const database = openDatabase(path);
    const pragma = database.pragma.bind(database);
    database.pragma = (source, options) => {
      if (this.fails && source.startsWith("wal_checkpoint")) throw new Error("the disk fails");
      return pragma(source, options);
    };
    return database;
  };
}

/** Adds a run for each number. */
function add(hour: HourDatabase, from: number, to: number): void {
  for (let run = from; run <= to; run++) {
    const records = packed(someReports(random, 100));
    hour.write(records.length, () => hour.runs.append(run, SEGMENT, records));
  }
}

/** Somebody who goes on reading what there is now. */
function readerOf(path: string): Database {
  const reader = openForReading(path);
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM runs").get();
  return reader;
}

function runsOf(path: string): readonly number[] {
  const database = openForReading(path);
  const runs = [...new Runs(database).all()].map(({ run }) => run);
  database.close();
  return runs;
}

/**
 * An hour of two runs, a part of whose log was copied while somebody read, before the disk failed; `lose` makes the database
 * what a disk keeps that did not take what was copied: none of it, in the worst case.
 */
function copiedInPart(): { hour: HourDatabase; path: string; lose: () => void } {
  const disk = new FailingDisk();
  const path = join(temporaryFolder(), "7.sqlite");
  const hour = HourDatabase.create(disk.open, path, SEGMENT);
  add(hour, 1, 1);
  const before = readFileSync(path);
  const reader = readerOf(path);
  add(hour, 2, 2);
  expect(hour.truncateLog()).toBe(false);
  reader.close();
  disk.fails = true;
  expect(() => hour.truncateLog()).toThrow("the disk fails");
  disk.fails = false;
  const lose = (): void => {
    const { length } = readFileSync(path);
    writeFileSync(path, Buffer.concat([before, Buffer.alloc(length - before.length)]));
  };
  return { hour, path, lose };
}

describe("the database of an open hour", () => {
  it("waits for others as before when its log could not be emptied", () => {
    const disk = new FailingDisk();
    const opened: Database[] = [];
    const open = (path: string): Database => {
      const database = disk.open(path);
      opened.push(database);
      return database;
    };
    const hour = HourDatabase.create(open, join(temporaryFolder(), "7.sqlite"), 7 * 120);
    const patience = (): unknown => opened.at(-1)?.pragma("busy_timeout", { simple: true });
    const before = patience();
    disk.fails = true;
    expect(() => hour.truncateLog()).toThrow("the disk fails");
    expect(patience()).toBe(before);
    expect(before).toBeGreaterThan(0);
    hour.close();
  });

  it.each<[string, (hour: HourDatabase, disk: FailingDisk) => void]>([
    [
      "a write",
      (hour) => {
        const fails = (): never => {
          throw new Error("the disk fails");
        };
        expect(() => hour.write(0, fails)).toThrow("the disk fails");
      },
    ],
    [
      "emptying the log",
      (hour, disk) => {
        disk.fails = true;
        expect(() => hour.truncateLog()).toThrow("the disk fails");
      },
    ],
    [
      "copying a long log after a commit",
      (hour, disk) => {
        disk.fails = true;
        hour.write(16 * 2 ** 20, () => {});
      },
    ],
  ])("copies again what it copied while somebody read, when %s failed after that", (_, fail) => {
    const disk = new FailingDisk();
    const path = join(temporaryFolder(), "7.sqlite");
    const hour = HourDatabase.create(disk.open, path, SEGMENT);
    add(hour, 1, 5);
    const before = readFileSync(path);
    const reader = readerOf(path);
    add(hour, 6, 10);
    expect(hour.truncateLog()).toBe(false);
    const { length } = readFileSync(path);
    expect(length).toBeGreaterThan(before.length);
    reader.close();
    fail(hour, disk);
    disk.fails = false;
    // What a disk keeps that did not take what was copied: all of it, in the worst case.
    writeFileSync(path, Buffer.concat([before, Buffer.alloc(length - before.length)]));
    add(hour, 11, 11);
    expect(hour.truncateLog()).toBe(true);
    hour.close();
    expect(runsOf(path)).toEqual(Array.from({ length: 11 }, (_, index) => index + 1));
  });

  it("keeps its log when it cannot be certain before it is closed", () => {
    const scene = copiedInPart();
    // What SQLite copies is taken, and what is copied again is not.
    const again = vi.spyOn(CopiedPages.prototype, "writeAgain").mockImplementation(() => {
      throw new Error("the disk fails");
    });
    scene.hour.close();
    again.mockRestore();
    scene.lose();
    expect(runsOf(scene.path)).toEqual([1, 2]);
  });

  it("is certain before its log is emptied, when that failed the last time", () => {
    const { hour, path, lose } = copiedInPart();
    lose();
    expect(hour.truncateLog()).toBe(true);
    hour.close();
    expect(runsOf(path)).toEqual([1, 2]);
  });

  it("is certain before it is closed, because that ends the log", () => {
    const { hour, path, lose } = copiedInPart();
    lose();
    hour.close();
    expect(runsOf(path)).toEqual([1, 2]);
  });

  it("does not let its log grow for ever", () => {
    const path = join(temporaryFolder(), "7.sqlite");
    const hour = HourDatabase.create(openDatabase, path, SEGMENT);
    const records = packed(someReports(random, 512));
    for (let run = 1; run <= 600; run++) {
      hour.write(records.length, () => hour.runs.append(run, SEGMENT, records));
    }
    const { size } = statSync(`${path}-wal`);
    expect(600 * records.length).toBeGreaterThan(2 * 2 ** 24);
    expect(size).toBeLessThan(1.5 * 2 ** 24);
    hour.close();
  });
});
