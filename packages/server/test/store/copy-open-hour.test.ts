import { type Database, openDatabase, openForReading } from "@glowworm/platform";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { Layout } from "../../src/store/embedded/layout.ts";
import { Runs } from "../../src/store/embedded/open/runs.ts";
import { copyOpenHour } from "../../src/store/embedded/tools/copy-hours.ts";
import {
  crypto,
  NOON_HOUR,
  NOON_MS,
  packed,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";

const random = seededRandom("copy open hour");
const SEGMENT = NOON_HOUR * 120;
const RUNS = 6;

/** Opens for reading, and does something after each time that a row of runs was read. */
function watched(after: () => void): (path: string) => Database {
  return (path) => {
    const database = openForReading(path);
    const prepare = database.prepare.bind(database);
    database.prepare = ((source: string) => {
      const statement = prepare(source);
      const get = statement.get.bind(statement);
      statement.get = (...values: unknown[]) => {
        const row = get(...values);
        if (source.includes("FROM runs WHERE")) after();
        return row;
      };
      return statement;
    }) as typeof database.prepare;
    return database;
  };
}

function rowsOf(path: string): readonly unknown[] {
  const database = openForReading(path);
  const rows = database.prepare("SELECT * FROM runs ORDER BY run").all();
  database.close();
  return rows;
}

describe("copying an open hour", () => {
  it("keeps nobody from emptying the log, and has the runs of one moment", async () => {
    const source = new Layout(temporaryFolder());
    const target = new Layout(temporaryFolder());
    target.makeFolders();
    const store = await openLocalStore(source.root, new SmallDisk(), new FakeClock(NOON_MS));
    for (let run = 0; run < RUNS; run++) await store.put(packed(someReports(random, 40)));
    const path = source.openHour(NOON_HOUR);
    const server = openDatabase(path);
    const runs = new Runs(server);
    const busy: unknown[] = [];
    let reads = 0;
    const meanwhile = (): void => {
      reads += 1;
      // A run goes, its number is given again, and there is another one.
      if (reads === 3) runs.remove([{ run: 1, segment: SEGMENT, records: 40 }]);
      if (reads === 4) runs.append(1, SEGMENT + 1, packed(someReports(random, 40)));
      if (reads === RUNS + 1) runs.append(RUNS + 1, SEGMENT + 1, packed(someReports(random, 7)));
      if (reads > RUNS + 1) return;
      const [result] = server.pragma("wal_checkpoint(TRUNCATE)") as { readonly busy: number }[];
      busy.push(result?.busy);
    };
    const world = { crypto, openForReading: watched(meanwhile), pause: async () => {} };
    await copyOpenHour(world, source, target, NOON_HOUR);
    expect(busy).toEqual(Array.from({ length: RUNS + 1 }, () => 0));
    expect(rowsOf(target.openHour(NOON_HOUR))).toEqual(rowsOf(path));
    server.close();
    await store.close();
    const copy = await openLocalStore(target.root, new SmallDisk(), new FakeClock(NOON_MS));
    expect(copy.damaged).toEqual([]);
    await copy.close();
  });
});
