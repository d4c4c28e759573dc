import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DAY_SECONDS,
  decodeManifest,
  encodeManifest,
  loadCrypto,
  manifestHash,
  PATHS,
  STORED_RECORD_BYTES,
  toHex,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { CacheTrouble } from "../../src/cache-trouble.ts";
import { HitPages } from "../../src/lookup/hit-pages.ts";
import { windowAt } from "../../src/lookup/hour-window.ts";
import { Lookup, type LookupSummary } from "../../src/lookup/lookup.ts";
import { bytes, FakeServer, problem, SERVER_URL } from "../support/fake-server.ts";
import { temporaryFolder } from "../support/folders.ts";
import { NOON } from "../support/reports.ts";

const crypto = await loadCrypto();
const HOUR = NOON / 3600;
const SEGMENT = NOON / 30;
const MIRROR_URL = "https://mirror.test";
const ALL_PATHS = [
  PATHS.hours,
  PATHS.segment(SEGMENT + 1),
  PATHS.segment(SEGMENT),
  ...[HOUR - 1, HOUR - 2, HOUR - 3].flatMap((hour) => [PATHS.manifest(hour), PATHS.page(hour, 0)]),
];

let server: FakeServer;
let cacheFolder: string;

beforeEach(() => {
  server = new FakeServer(crypto, seededRandom("server"));
  for (const hour of [HOUR - 3, HOUR - 2, HOUR - 1]) server.closeHour(hour, []);
  server.open(SEGMENT, SEGMENT + 1, []);
  cacheFolder = temporaryFolder();
});

function lookup(at: number = NOON, mirror?: () => Response): Lookup {
  const clock = new FakeClock(at * 1000);
  const { signal } = new AbortController();
  const onProgress = (): void => undefined;
  const random = seededRandom("lookup");
  const deviceKey = new Uint8Array(32);
  const trouble = new CacheTrouble();
  const path = join(cacheFolder, "pages");
  const hitPages = new HitPages({ crypto, random, trouble, deviceKey, path }, windowAt(at));
  return new Lookup({
    crypto,
    random,
    trouble,
    hitPages,
    clock,
    fetch: (url, init) =>
      url.startsWith(MIRROR_URL) && mirror !== undefined
        ? Promise.resolve(mirror())
        : server.fetch(url, init),
    compareUrl: mirror === undefined ? undefined : MIRROR_URL,
    serverUrl: SERVER_URL,
    signal,
    cacheFolder,
    onProgress,
  });
}

async function refresh(): Promise<LookupSummary> {
  server.requests.length = 0;
  return lookup().refresh(() => undefined);
}

function askedPaths(): string[] {
  return server.requests.map((request) => request.split(" ")[1]?.slice(SERVER_URL.length) ?? "");
}

function cachedFiles(): string[] {
  const [name = ""] = readdirSync(join(cacheFolder, "hours"));
  return readdirSync(join(cacheFolder, "hours", name)).map((file) =>
    join(cacheFolder, "hours", name, file),
  );
}

describe("lookup", () => {
  it("reads everything once: the list, open segments, then closed hours", async () => {
    const summary = await refresh();
    expect(summary).toMatchObject({
      isServerReached: true,
      closedHours: 3,
      segments: 2,
      problems: [],
    });
    expect(summary.records).toBe(3 * 256 + 2 * 2);
    expect(askedPaths().toSorted()).toEqual(ALL_PATHS.toSorted());
  });

  it("begins with what is newest", async () => {
    await refresh();
    const asked = askedPaths();
    expect(asked.slice(0, 6)).toEqual([
      PATHS.hours,
      PATHS.segment(SEGMENT + 1),
      PATHS.segment(SEGMENT),
      PATHS.manifest(HOUR - 1),
      PATHS.manifest(HOUR - 2),
      PATHS.manifest(HOUR - 3),
    ]);
  });

  it("fetches a closed hour once, and gives its records again from the cache", async () => {
    await refresh();
    server.closeHour(HOUR, []);
    const second = await refresh();
    expect(second.closedHours).toBe(4);
    expect(second.records).toBe(4 * 256 + 2 * 2);
    expect(askedPaths().filter((path) => path.includes("/hours/"))).toEqual([
      PATHS.manifest(HOUR),
      PATHS.page(HOUR, 0),
    ]);
    for (const file of cachedFiles()) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("keeps what the server no longer lists, for two months", async () => {
    await refresh();
    server.expireOldest();
    const { closedHours, records } = await refresh();
    expect({ closedHours, records }).toEqual({ closedHours: 3, records: 3 * 256 + 2 * 2 });
    await lookup(NOON + 59 * DAY_SECONDS).refresh(() => undefined);
    expect(cachedFiles()).toHaveLength(3);
    const later = NOON + 61 * DAY_SECONDS;
    await lookup(later).refresh(() => undefined);
    expect(cachedFiles()).toHaveLength(3);
    server.closeHour(later / 3600 - 1, []);
    await lookup(later).refresh(() => undefined);
    await lookup(later).refresh(() => undefined);
    expect(cachedFiles()).toHaveLength(1);
  });

  it("reads no more than fits on a disk, the newest, and names the rest", async () => {
    const manifest = "00".repeat(32);
    const hours = Array.from({ length: 30 }, (_, at) => ({
      hour: HOUR - 29 + at,
      pages: 65_536,
      manifest,
    }));
    server.lies.set(PATHS.hours, () => Response.json({ v: 1, hours, open: null }));
    const { problems } = await refresh();
    expect(problems.filter(({ code }) => code === "too-large")).toHaveLength(10);
    expect(askedPaths().filter((path) => path.endsWith("/manifest"))).toHaveLength(20);
    expect(askedPaths()).toContain(PATHS.manifest(HOUR));
  });

  it("fetches an hour again when its copy on this disk is damaged", async () => {
    await refresh();
    const [file = ""] = cachedFiles();
    const damaged = readFileSync(file);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    writeFileSync(file, damaged);
    const summary = await refresh();
    expect(summary).toMatchObject({ closedHours: 3, problems: [] });
    expect(askedPaths().filter((path) => path.includes("/pages/"))).toHaveLength(1);
  });

  it("answers from the cache when the server is gone", async () => {
    await refresh();
    server.lies.set(PATHS.hours, () => {
      throw new TypeError("fetch failed");
    });
    const summary = await refresh();
    expect(summary).toMatchObject({ isServerReached: false, closedHours: 3, records: 3 * 256 });
    expect(summary.problems).toMatchObject([{ what: "list of hours", code: "unreachable" }]);
  });

  it("gives the same records on a replay, without a request", async () => {
    const run = lookup();
    const first: Uint8Array[] = [];
    await run.refresh((records) => first.push(records));
    server.requests.length = 0;
    const again: Uint8Array[] = [];
    await run.replay((records) => again.push(records));
    expect(server.requests).toEqual([]);
    const sorted = (blocks: Uint8Array[]): string[] =>
      blocks.map((block) => Buffer.from(block).toString("hex")).toSorted();
    expect(sorted(again)).toEqual(sorted(first));
  });

  it("finds the records of an hour that closed between the list and the segment", async () => {
    server.lies.set(PATHS.segment(SEGMENT), () => {
      server.closeHour(HOUR, []);
      return problem(410);
    });
    const summary = await refresh();
    expect(summary).toMatchObject({ closedHours: 4, segments: 1, problems: [] });
  });
});

describe("a comparison with a mirror", () => {
  const compared = (mirror: () => Response): Promise<LookupSummary> =>
    lookup(NOON, mirror).refresh(() => undefined);

  it("finds nothing where both list the same, and nothing in what one of them lacks", async () => {
    const hours = server.list.hours.slice(1);
    const { problems } = await compared(() => Response.json({ v: 1, hours, open: null }));
    expect(problems).toEqual([]);
  });

  it("names the hour of which the mirror has another manifest, and reads it all the same", async () => {
    const [first, second, last] = server.list.hours;
    const hours = [first, { ...second, manifest: "00".repeat(32) }, last];
    const summary = await compared(() => Response.json({ v: 1, hours, open: null }));
    expect(summary.problems).toMatchObject([{ what: `hour ${HOUR - 2}`, code: "differs" }]);
    expect(summary.closedHours).toBe(3);
  });

  it("says that there was none when the mirror does not answer", async () => {
    const { problems } = await compared(() => problem(500));
    expect(problems).toMatchObject([{ what: "list of hours of the mirror", code: "status" }]);
  });
});

describe("a hostile server", () => {
  const page = PATHS.page(HOUR - 2, 0);
  const manifest = PATHS.manifest(HOUR - 2);
  const segment = PATHS.segment(SEGMENT);
  const cut = (path: string, length: number) => (): Response =>
    bytes(server.body(path).subarray(0, server.body(path).length - length));
  const flipped = (path: string) => (): Response => {
    const body = server.body(path).slice();
    body[40] = (body[40] ?? 0) ^ 1;
    return bytes(body);
  };
  const redirect = (): Response =>
    new Response(null, { status: 302, headers: { location: "https://elsewhere.test/" } });

  it.each([
    ["another page than the manifest's", page, () => flipped(page), "malformed"],
    ["a page cut short", page, () => cut(page, 1), "malformed"],
    ["a page cut to whole records", page, () => cut(page, STORED_RECORD_BYTES), "malformed"],
    ["a longer page", page, () => () => bytes(new Uint8Array(40_000)), "too-large"],
    ["a page that is gone", page, () => () => problem(404), "status"],
    ["a page elsewhere", page, () => redirect, "redirect"],
    ["another manifest than the list's", manifest, () => flipped(manifest), "malformed"],
    [
      "a manifest of another hour",
      manifest,
      () => () => bytes(server.body(PATHS.manifest(HOUR - 1))),
      "malformed",
    ],
    ["an empty manifest", manifest, () => () => bytes(new Uint8Array()), "malformed"],
    ["a segment of half records", segment, () => cut(segment, 1), "malformed"],
    ["an odd segment", segment, () => cut(segment, STORED_RECORD_BYTES), "malformed"],
    ["an empty segment", segment, () => () => bytes(new Uint8Array()), "malformed"],
    ["a segment of noise", segment, () => () => bytes(new Uint8Array(266).fill(9)), "malformed"],
    ["a segment that fails", segment, () => () => problem(500), "status"],
  ])("that sends %s costs that part alone", async (_what, path, lie, code) => {
    server.lies.set(path, lie());
    const summary = await refresh();
    const isSegment = path === segment;
    expect(summary.problems).toMatchObject([
      { what: isSegment ? `segment ${SEGMENT}` : `hour ${HOUR - 2}`, code },
    ]);
    expect(summary).toMatchObject({
      closedHours: isSegment ? 3 : 2,
      segments: isSegment ? 1 : 2,
    });
    expect(cachedFiles()).toHaveLength(summary.closedHours);
  });

  const entry = { hour: HOUR, pages: 1, manifest: "00".repeat(32) };
  it.each([
    ["no JSON", () => new Response("<html>"), "malformed"],
    ["a huge list", () => new Response(" ".repeat(4 * 2 ** 20 + 1)), "too-large"],
    [
      "hours out of order",
      () => Response.json({ v: 1, hours: [entry, entry], open: null }),
      "malformed",
    ],
    [
      "an hour of no pages",
      () => Response.json({ v: 1, hours: [{ ...entry, pages: 0 }], open: null }),
      "malformed",
    ],
    ["another version", () => Response.json({ v: 2, hours: [], open: null }), "malformed"],
    [
      "a hash in capitals",
      () => Response.json({ v: 1, hours: [{ ...entry, manifest: "AA".repeat(32) }], open: null }),
      "malformed",
    ],
    [
      "endless segments",
      () => Response.json({ v: 1, hours: [], open: { first: 0, last: 1e9 } }),
      "malformed",
    ],
    [
      "segments backwards",
      () => Response.json({ v: 1, hours: [], open: { first: 2, last: 1 } }),
      "malformed",
    ],
    ["another address", redirect, "redirect"],
  ])("that sends %s for a list is not asked anything more", async (_what, lie, code) => {
    await refresh();
    server.lies.set(PATHS.hours, lie);
    const summary = await refresh();
    expect(summary).toMatchObject({ isServerReached: false, closedHours: 3 });
    expect(summary.problems).toMatchObject([{ what: "list of hours", code }]);
    expect(server.requests).toHaveLength(1);
  });

  it("that lists an hour of more pages than are read is asked for none of them", async () => {
    const list = { v: 1, hours: [{ ...entry, pages: 65_537 }], open: null };
    server.lies.set(PATHS.hours, () => Response.json(list));
    const summary = await refresh();
    expect(summary.problems).toMatchObject([{ what: `hour ${HOUR}`, code: "too-large" }]);
    expect(server.requests).toHaveLength(1);
  });

  it("that takes an hour out of the middle is found out", async () => {
    const [first, , last] = server.list.hours;
    server.lies.set(PATHS.hours, () => Response.json({ ...server.list, hours: [first, last] }));
    const summary = await refresh();
    expect(summary.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "chain-broken" }]);
  });

  it("that changes a closed hour is found out, and both versions are read", async () => {
    await refresh();
    const other = new FakeServer(crypto, seededRandom("other server"));
    for (const hour of [HOUR - 3, HOUR - 2, HOUR - 1]) other.closeHour(hour, []);
    for (const path of [PATHS.manifest(HOUR - 1), PATHS.page(HOUR - 1, 0)]) {
      server.lies.set(path, () => bytes(other.body(path)));
    }
    const [first, second] = server.list.hours;
    const hours = [first, second, other.list.hours[2]];
    server.lies.set(PATHS.hours, () => Response.json({ ...server.list, hours }));
    const summary = await refresh();
    expect(summary.problems.map(({ code }) => code)).toEqual(["changed", "chain-broken"]);
    expect(summary.records).toBe(4 * 256 + 2 * 2);
    // The first is not forgotten for the second: the next lookup has both again.
    const next = await refresh();
    expect(next.problems.map(({ code }) => code)).toEqual(["changed", "chain-broken"]);
    expect(next.records).toBe(summary.records);
  });

  it("that lists more hours than one lookup reads hides none that are on this disk", async () => {
    await refresh();
    const far = Array.from({ length: 40 }, (_item, index) => {
      return { ...entry, hour: HOUR - 60 + index, pages: 65_536 };
    });
    const hours = [...far, ...server.list.hours.map((one) => ({ ...one, pages: 60_000 }))];
    server.lies.set(PATHS.hours, () => Response.json({ ...server.list, hours }));
    const summary = await refresh();
    expect(summary.records).toBe(3 * 256 + 2 * 2);
  });

  it("that lists the manifest of one hour under another is refused", async () => {
    const last = server.list.hours.at(-1);
    if (last === undefined) throw new Error("expected an hour");
    const hours = [...server.list.hours, { ...last, hour: HOUR }];
    server.lies.set(PATHS.hours, () => Response.json({ ...server.list, hours }));
    for (const path of [PATHS.manifest, (hour: number) => PATHS.page(hour, 0)]) {
      server.lies.set(path(HOUR), () => bytes(server.body(path(HOUR - 1))));
    }
    const summary = await refresh();
    expect(summary.problems).toMatchObject([{ what: `hour ${HOUR}`, code: "malformed" }]);
  });

  it("whose manifest names wrong bounds for a page is refused", async () => {
    const honest = decodeManifest(server.body(manifest));
    const [only] = honest.pages;
    if (only === undefined) throw new Error("expected a page");
    const pages = [{ ...only, firstId: new Uint8Array(16) }];
    const forged = encodeManifest({ ...honest, pages });
    const hours = server.list.hours.map((listed) =>
      listed.hour === HOUR - 2
        ? { ...listed, manifest: toHex(manifestHash(crypto, forged)) }
        : listed,
    );
    server.lies.set(manifest, () => bytes(forged));
    server.lies.set(PATHS.hours, () => Response.json({ ...server.list, hours }));
    const summary = await refresh();
    expect(summary.problems).toContainEqual(
      expect.objectContaining({ what: `hour ${HOUR - 2}`, code: "malformed" }),
    );
  });
});
