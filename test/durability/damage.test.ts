import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import {
  HOUR_SECONDS,
  hourOfSegment,
  randomFraction,
  SEGMENT_SECONDS,
  type StoredRecord,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { Server } from "@glowworm/server";
import { beforeAll, describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { eventually } from "../support/eventually.ts";
import { Checker, type Verdict } from "./support/history.ts";
import { Load } from "./support/load.ts";
import { CLEAN, Place, publish, temporaryFolder } from "./support/place.ts";
import { Reader } from "./support/reader.ts";
import { crypto } from "./support/workload.ts";

const CLOSED_HOURS = 2;
const YESES_PER_HOUR = 40;
const CONNECTIONS = 8;
const AFTER_CLOSE_MS = (HOUR_SECONDS + 150) * 1000;
const BLOCK_BYTES = 4096;
const PART_BYTES = 65_536;
const OPEN_HOUR = 0;
const LARGEST_SEGMENTS = 2;
const OTHER_SEGMENTS = 4;

type Damage = (path: string, offset: number) => void;
const DAMAGES: readonly (readonly [string, Damage])[] = [
  ["cut short", (path, offset) => truncateSync(path, offset)],
  [
    "changed in one bit",
    (path, offset) => change(path, offset, (bytes) => bytes.set([(bytes[0] ?? 0) ^ 4])),
  ],
  [
    "overwritten with zeros",
    (path, offset) => change(path, offset, (bytes) => bytes.subarray(0, BLOCK_BYTES).fill(0)),
  ],
  [
    "longer by garbage",
    (path, offset) => appendFileSync(path, seededRandom(offset).bytes(1 + (offset % BLOCK_BYTES))),
  ],
];

/**
 * A folder with two closed hours and an open one, left by SIGKILL: the first half of what that got is in the file of a
 * segment, and the log holds the other.
 */
const place = new Place("damage");
let files: readonly string[] = [];

beforeAll(async () => {
  const server = await place.start();
  for (let hour = 0; hour <= CLOSED_HOURS; hour++) {
    const load = new Load(place.history, server.url, CONNECTIONS);
    await load.more("yes", YESES_PER_HOUR);
    await load.stop();
    if (hour === CLOSED_HOURS) break;
    place.clock.advance(AFTER_CLOSE_MS);
    await eventually("the hour to close", 60_000, async () =>
      (await place.reader.list(server.url)).hours.length > hour ? true : null,
    );
  }
  place.clock.advance(SEGMENT_SECONDS * 1000);
  await eventually("the segment to close", 60_000, async () =>
    isSegmentClosed(place.folder) ? true : null,
  );
  const late = new Load(place.history, server.url, CONNECTIONS);
  await late.more("yes", YESES_PER_HOUR);
  await late.stop();
  await server.end("SIGKILL");
  const all = readdirSync(place.folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const found = statSync(join(place.folder, name));
    // Without a sound `format` nobody can know what the rest is: the server refuses, and names the file.
    return found.isFile() && found.size > 0 && name !== "format";
  });
  const segments = all.filter((name) => name.endsWith(".segment"));
  files = [...all.filter((name) => !segments.includes(name)), ...someOf(segments)];
});

/** The largest ones, and others: most segments are of a time in which nothing came, and all of those are alike. */
function someOf(segments: readonly string[]): readonly string[] {
  const sizeOf = (name: string): number => statSync(join(place.folder, name)).size;
  const bySize = segments.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const every = Math.ceil(bySize.length / OTHER_SEGMENTS);
  return bySize.filter((_, index) => index < LARGEST_SEGMENTS || index % every === every - 1);
}

/** Whether a segment has a file that is not one of the smallest, and its runs are gone with the log. */
function isSegmentClosed(folder: string): boolean {
  const sizes = readdirSync(join(folder, "open"))
    .filter((name) => /\.segment$|-wal$/.test(name))
    .map((name) => ({ name, size: statSync(join(folder, "open", name)).size }));
  const isThere = sizes.some(({ name, size }) => name.endsWith(".segment") && size > PART_BYTES);
  return isThere && sizes.every(({ name, size }) => !name.endsWith("-wal") || size === 0);
}

interface Trial {
  readonly verdict: Verdict;
  /** What the server said. */
  readonly said: string;
  /** In which hour each batch is; 0 for the open one. */
  readonly hours: ReadonlyMap<number, number>;
}

/** Starts a server on a damaged copy of the folder, and reads all it serves. */
async function serveDamaged(file: string, damage: Damage, at: number): Promise<Trial> {
  const folder = temporaryFolder();
  cpSync(place.folder, folder, { recursive: true });
  const { size } = statSync(join(folder, file));
  damage(join(folder, file), Math.floor(at * size));
  const clock = new FakeClock(place.clock.nowMs() + 60_000);
  const said: string[] = [];
  const server = new Server({
    ...{ clock, crypto, random: seededRandom("damage"), dataFolder: folder },
    ...{ host: "127.0.0.1", port: 0, retentionDays: 30 },
    log: ({ level, text }) => {
      if (level !== "info") said.push(text);
    },
  });
  const { url } = await server.start();
  const checker = new Checker(place.history.workload);
  const reader = new Reader();
  const hours = new Map<number, number>();
  const read = (hour: number, records: readonly StoredRecord[]): void => {
    checker.add(records);
    for (const { envelope } of records) {
      const batch = place.history.workload.originOf(envelope)?.batch;
      if (batch !== undefined) hours.set(batch, hour);
    }
  };
  await readClosed(reader, url, read);
  read(OPEN_HOUR, await reader.openSegments(url));
  await server.stop();
  rmSync(folder, { recursive: true });
  return { verdict: checker.verdict(place.history), said: said.join("\n"), hours };
}

/** A damaged page may be found when it is asked for: that is answered 503 once, and its hour is no longer listed. */
async function readClosed(
  reader: Reader,
  url: string,
  read: (hour: number, records: readonly StoredRecord[]) => void,
): Promise<void> {
  const done = new Set<number>();
  for (let tries = 0; tries <= CLOSED_HOURS; tries++) {
    try {
      for await (const { hour, records } of reader.closedHours(url, (one) => !done.has(one))) {
        done.add(hour);
        read(hour, records);
      }
      return;
    } catch (error) {
      if (!String(error).includes(": 503 ")) throw error;
    }
  }
}

describe("a data folder in which a file", () => {
  let whole: Trial;

  beforeAll(async () => {
    whole = await serveDamaged(files[0] ?? "", () => {}, 0);
  });

  it("is as it was left has everything, and nothing to say", () => {
    expect(files.map((file) => basename(file).replace(/\d+/, "H"))).toEqual(
      expect.arrayContaining(["H.hour", "H.segment", "H.sqlite", "H.sqlite-wal", "lock.sqlite"]),
    );
    expect(whole.verdict).toMatchObject(CLEAN);
    expect(new Set(whole.hours.values()).size).toBe(CLOSED_HOURS + 1);
    expect(whole.said).toBe("");
  });

  it.each(DAMAGES)("is %s serves every other hour, and names that one", async (name, damage) => {
    const { numRuns, seed } = effort(1, 77);
    const random = seededRandom(`${name} ${seed}`);
    let named = 0;
    for (let run = 0; run < numRuns; run++) {
      for (const file of files) {
        const at = randomFraction(random);
        const { verdict, said } = await serveDamaged(file, damage, at);
        const lost = new Set(verdict.lost.map((name) => Number(name.split("/")[0])));
        const what = `${file}, ${name} at ${at}, seed ${seed}: ${said}`;
        expect({ what, ...verdict }).toMatchObject({ what, ...CLEAN, lost: verdict.lost });
        const hour = Number(/(\d+)\.hour$/.exec(file)?.[1] ?? OPEN_HOUR);
        const elsewhere = [...lost].filter((batch) => whole.hours.get(batch) !== hour);
        expect(elsewhere, what).toEqual([]);
        if (said.includes("damaged, set aside")) {
          expect(said).toContain(nameOf(file));
          named++;
        } else {
          expect(
            [...lost].filter((batch) => !mayBeLost(file, name, batch)),
            what,
          ).toEqual([]);
        }
      }
    }
    publish(`damage: ${name}`, { seed, files: numRuns * files.length, named });
  });
});

/**
 * A log that ends early is what a crash leaves as well, and so is a last commit that is not sound: in a log whose end was
 * synced neither comes from a crash, but nothing in it tells.
 */
function mayBeLost(file: string, damage: string, batch: number): boolean {
  if (!/\d\.sqlite-wal$/.test(file)) return false;
  return damage === "cut short" || lastGroup().has(batch);
}

/** What is named when a file is damaged: its hour. */
function nameOf(file: string): string {
  const segment = /(\d+)\.segment$/.exec(file)?.[1];
  if (segment === undefined) return basename(file).replace(/-wal$|-shm$/, "");
  return `${hourOfSegment(Number(segment))}.sqlite`;
}

/** Batches that may have been in the last commit: no more than there were connections. */
function lastGroup(): ReadonlySet<number> {
  const yeses = place.history.entries.filter(({ event }) => event === "yes");
  return new Set(yeses.slice(-CONNECTIONS).map(({ batch }) => batch));
}

function change(path: string, offset: number, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  edit(bytes.subarray(offset));
  writeFileSync(path, bytes);
}
