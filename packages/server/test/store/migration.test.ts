import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openDatabase } from "@glowworm/platform";
import { manifestHash, toHex } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";

import { beforeAll, describe, expect, it } from "vitest";
import {
  crypto,
  HOUR_MS,
  type NewReport,
  NOON_HOUR,
  NOON_MS,
  packed,
  SEGMENT_MS,
  someReports,
  temporaryFolder,
} from "../support/fixtures.ts";
import { openLocalStore, SmallDisk } from "../support/local-store.ts";
import { makeFirstFormat, makeSecondFormat } from "../support/old-formats.ts";
import { everything, recordsOfHours, recordsOfSegments, timesFound } from "../support/published.ts";

const random = seededRandom("migration");

interface Filled {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly reports: readonly (readonly NewReport[])[];
  readonly before: Readonly<Record<string, string>>;
}

/** Two closed hours and two open ones in an old layout, with a segment that is still open, and what was published of them. */
async function oldFolder(makeOld: (folder: string) => void): Promise<Filled> {
  const folder = temporaryFolder();
  const clock = new FakeClock(NOON_MS);
  const store = await openLocalStore(folder, new SmallDisk(), clock);
  const reports: (readonly NewReport[])[] = [];
  for (let hour = 0; hour < 4; hour++) {
    await store.maintain();
    reports.push(someReports(random, hour === 2 ? 800 : 21));
    await store.put(packed(reports.at(-1) ?? []));
    if (hour < 3) clock.advance(HOUR_MS);
  }
  clock.advance(60_000);
  await store.maintain();
  reports.push(someReports(random, 700));
  await store.put(packed(reports.at(-1) ?? []));
  const before = await everything(store);
  await store.close();
  makeOld(folder);
  return { folder, clock, reports, before };
}

describe.each([
  ["first", makeFirstFormat],
  ["second", makeSecondFormat],
])("a data folder of the %s version", (_, makeOld) => {
  it("is opened with every byte as it was published, and marked", async () => {
    const { folder, clock, reports, before } = await oldFolder(makeOld);
    for (let start = 0; start < 2; start++) {
      const store = await openLocalStore(folder, new SmallDisk(), clock);
      expect(store.damaged).toEqual([]);
      expect(await everything(store)).toEqual(before);
      expect(readFileSync(join(folder, "format"), "utf8")).toBe("3\n");
      await store.close();
    }
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.put(packed([...(reports[3] ?? []), ...(reports[4] ?? [])]));
    clock.advance(2 * HOUR_MS);
    await store.maintain();
    const records = await recordsOfHours(store);
    for (const batch of reports) expect(timesFound(batch, records)).toEqual(batch.map(() => 1));
    expect(await recordsOfSegments(store)).toEqual([]);
    await store.close();
  });

  it("is not touched while somebody else reads it, and opened afterwards", async () => {
    const { folder, clock, before } = await oldFolder(makeOld);
    const path = join(folder, "open", readdirSync(join(folder, "open"))[0] ?? "");
    const reader = openDatabase(path);
    reader.exec("BEGIN; SELECT * FROM progress");
    await expect(openLocalStore(folder, new SmallDisk(), clock)).rejects.toThrow(
      /is read by somebody else/,
    );
    reader.exec("COMMIT");
    reader.close();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(await everything(store)).toEqual(before);
    await store.close();
  });

  it("is opened after a migration that was cut off before the new database took its place", async () => {
    const { folder, clock, before } = await oldFolder(makeOld);
    const open = join(folder, "open");
    const old = temporaryFolder();
    cpSync(open, old, { recursive: true });
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.close();
    for (const name of readdirSync(old)) cpSync(join(old, name), join(open, name));
    writeFileSync(join(folder, "format"), "2\n");
    const again = await openLocalStore(folder, new SmallDisk(), clock);
    expect(again.damaged).toEqual([]);
    expect(await everything(again)).toEqual(before);
    await again.close();
  });
});

describe("a data folder of the first version", () => {
  it.each([1, 10, 28])(
    "goes on where the writing of a footer was cut off after %i bytes",
    async (bytes) => {
      const { folder, clock, before } = await oldFolder(makeFirstFormat);
      const path = join(folder, "hours", `${NOON_HOUR}.hour`);
      appendFileSync(path, new Uint8Array(bytes));
      const store = await openLocalStore(folder, new SmallDisk(), clock);
      expect(store.damaged).toEqual([]);
      expect(await everything(store)).toEqual(before);
      await store.close();
    },
  );

  it.each<[string, (path: string) => void]>([
    ["is cut short", (path) => truncateSync(path, 20_000)],
    ["is too long", (path) => appendFileSync(path, new Uint8Array(30))],
    ["is empty", (path) => truncateSync(path, 0)],
  ])("sets aside a closed hour that %s", async (_, damage) => {
    const { folder, clock } = await oldFolder(makeFirstFormat);
    damage(join(folder, "hours", `${NOON_HOUR + 1}.hour`));
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(store.damaged).toEqual([join(folder, "damaged", `${NOON_HOUR + 1}.hour.1`)]);
    const { hours } = await store.published();
    expect(hours.map(({ hour }) => hour)).toEqual([NOON_HOUR]);
    await store.close();
  });

  it("keeps a large hour as it is: without a filter", async () => {
    const { folder, clock, manifest } = await largeHour();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    const { hours } = await store.published();
    expect(hours.map((hour) => hour.manifest)).toEqual([manifest]);
    expect(toHex(manifestHash(crypto, (await store.manifest(NOON_HOUR)) ?? new Uint8Array()))).toBe(
      manifest,
    );
    expect(await store.filter(NOON_HOUR)).toBeNull();
    expect((await store.page(NOON_HOUR, 64))?.length).toBe(34_048);
    clock.advance(SEGMENT_MS);
    for (let step = 0; step < 3; step++) await store.maintain();
    expect(store.damaged).toEqual([]);
    await store.close();
  });
});

async function largeHour(): Promise<{ folder: string; clock: FakeClock; manifest: string }> {
  const folder = temporaryFolder();
  const clock = new FakeClock(NOON_MS);
  const store = await openLocalStore(folder, new SmallDisk(), clock);
  await store.maintain();
  for (let batch = 0; batch < 3; batch++) await store.put(packed(someReports(random, 5500)));
  clock.advance(HOUR_MS + 120_000);
  await store.maintain();
  expect((await store.published()).hours[0]?.pages).toBe(66);
  await store.close();
  makeFirstFormat(folder);
  const file = readFileSync(join(folder, "hours", `${NOON_HOUR}.hour`));
  return { folder, clock, manifest: toHex(file.subarray(-32)) };
}

describe("a data folder of the second version", () => {
  it("has an hour set aside when a record of a closed segment has changed, before it is written anew", async () => {
    const { folder, clock } = await oldFolder(makeSecondFormat);
    const path = join(folder, "open", `${NOON_HOUR + 2}.sqlite`);
    const old = openDatabase(path);
    const last = "(SELECT max(record) FROM reports)";
    old.prepare(`UPDATE reports SET record = zeroblob(129) WHERE record = ${last}`).run();
    old.close();
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(store.damaged).toEqual([join(folder, "damaged", `${NOON_HOUR + 2}.sqlite.1`)]);
    await store.close();
  });
});

describe("a data folder of a newer version", () => {
  let folder: string;
  beforeAll(() => {
    folder = temporaryFolder();
  });

  it.each(["4", "99", "two", "", "2 or so"])("is refused with a remedy: %o", async (mark) => {
    writeFileSync(join(folder, "format"), mark);
    const opening = openLocalStore(folder, new SmallDisk(), new FakeClock(NOON_MS));
    await expect(opening).rejects.toMatchObject({
      exit: "failure",
      remedy: expect.stringContaining("newer program"),
    });
    expect(readFileSync(join(folder, "format"), "utf8")).toBe(mark);
  });
});
