import {
  buildFilter,
  encodeManifest,
  filterHash,
  type HoursList,
  loadCrypto,
  manifestHash,
  PATHS,
  toHex,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import type { LookupSummary } from "../../src/lookup/lookup.ts";
import { bytes, SERVER_URL } from "../support/fake-server.ts";
import { Hose } from "../support/hose.ts";
import { lookupOf } from "../support/lookup.ts";
import { NOON } from "../support/reports.ts";
import { Scene } from "../support/search.ts";

const crypto = await loadCrypto();
const HOUR = NOON / 3600;
const NONE = new Uint8Array(32);
const ID = new Uint8Array(16).fill(7);

type Listed = HoursList["hours"][number];

/** Of hours whose manifest nobody has. */
function unread(first: number, last: number): readonly Listed[] {
  return Array.from({ length: last - first + 1 }, (_, at) => ({
    hour: first + at,
    pages: 65_536,
    manifest: "00".repeat(32),
  }));
}

/** Publishes a manifest of pages that all begin and end with one id, and none of the pages. */
function publish({ server }: Scene, hour: number, pages: number, filter?: Uint8Array): Listed {
  const manifest = encodeManifest({
    hour,
    recordCount: pages * 256,
    previous: NONE,
    filter: filter === undefined ? NONE : filterHash(crypto, filter),
    pages: Array.from({ length: pages }, (_, at) => {
      const hash = new Uint8Array(32);
      new DataView(hash.buffer).setUint32(0, hour);
      new DataView(hash.buffer).setUint32(4, at);
      return { firstId: ID, lastId: ID, hash };
    }),
  });
  server.lies.set(PATHS.manifest(hour), () => bytes(manifest));
  if (filter !== undefined) server.lies.set(PATHS.filter(hour), () => bytes(filter));
  return { hour, pages, manifest: toHex(manifestHash(crypto, manifest)) };
}

function list({ server }: Scene, hours: readonly Listed[]): void {
  const ascending = hours.toSorted((a, b) => a.hour - b.hour);
  server.lies.set(PATHS.hours, () => Response.json({ v: 1, hours: ascending, open: null }));
}

function asked({ server }: Scene, pattern: RegExp): readonly string[] {
  const paths = server.requests.map((line) => line.split(" ")[1]?.slice(SERVER_URL.length) ?? "");
  return paths.filter((path) => pattern.test(path));
}

function tooLarge(summary: LookupSummary): readonly string[] {
  return summary.problems.filter(({ code }) => code === "too-large").map(({ what }) => what);
}

describe("the bytes of one lookup", () => {
  it("are counted as pages where a large hour turns out to have no filter", async () => {
    const scene = new Scene("unfiltered");
    const hours = Array.from({ length: 70 }, (_, at) => publish(scene, HOUR - 70 + at, 1024));
    list(scene, hours);
    const summary = await lookupOf(scene.server, scene.cacheFolder).refresh(() => undefined);
    const hourBytes = 1024 * 34_048 + 77 + 1024 * 64;
    const count = Math.floor(2 ** 31 / hourBytes);
    expect(asked(scene, /\/pages\/0$/)).toHaveLength(count);
    expect(asked(scene, new RegExp(`/${HOUR - 1}/pages/0$`))).toHaveLength(1);
    expect(tooLarge(summary)).toHaveLength(70 - count);
  });

  it("are not used up by hours that are refused", async () => {
    const scene = new Scene("refused");
    const heard = scene.record({ seenAt: NOON - 80 * 3600 });
    const filter = (): Uint8Array => new Uint8Array();
    scene.server.closeHour(HOUR - 80, [heard], { pages: 65, filter });
    const large = Array.from({ length: 29 }, (_, at) => publish(scene, HOUR - 29 + at, 45_000));
    const others = Array.from({ length: 40 }, (_, at) => publish(scene, HOUR - 70 + at, 1100));
    list(scene, [...scene.server.list.hours, ...others, ...large]);
    const reports: Uint8Array[] = [];
    const summary = await lookupOf(scene.server, scene.cacheFolder).refresh((block) =>
      reports.push(block),
    );
    expect(tooLarge(summary)).toHaveLength(69);
    expect(reports).toHaveLength(65);
    expect(summary.closedHours).toBe(1);
  }, 30_000);

  it("never keep an hour that is here from being searched", async () => {
    const scene = new Scene("here");
    const neighbour = new Scene("neighbour");
    Object.assign(neighbour, { server: scene.server, cacheFolder: scene.cacheFolder });
    Object.assign(neighbour, { device: { ...neighbour.device, number: 2 } });
    const heard = (hour: number) => [neighbour.record({ seenAt: hour * 3600 + 10 })];
    const old = HOUR - 40;
    scene.server.closeHour(old - 1, heard(old - 1), { pages: 65 });
    scene.server.closeHour(old, heard(old), { pages: 65 });
    await lookupOf(scene.server, scene.cacheFolder).refresh(() => undefined);
    const [same, other] = scene.server.list.hours;
    if (same === undefined || other === undefined) throw new Error("expected two hours");
    const changed = { ...other, manifest: "11".repeat(32) };
    list(scene, [same, changed, ...unread(HOUR - 30, HOUR - 1)]);
    const { lookup, reports } = await neighbour.find();
    expect(reports).toHaveLength(2);
    expect(tooLarge(lookup)).not.toContain(`hour ${same.hour}`);
    expect(lookup.problems).toContainEqual(
      expect.objectContaining({ what: `hour ${changed.hour}`, code: "changed" }),
    );
  }, 20_000);

  it("are counted for another version of hours that are here", async () => {
    const scene = new Scene("changed");
    for (let hour = HOUR - 30; hour < HOUR; hour++) scene.server.closeHour(hour, []);
    await lookupOf(scene.server, scene.cacheFolder).refresh(() => undefined);
    scene.server.requests.length = 0;
    list(scene, unread(HOUR - 30, HOUR - 1));
    const { closedHours } = await lookupOf(scene.server, scene.cacheFolder).refresh(
      () => undefined,
    );
    expect(asked(scene, /\/manifest$/)).toHaveLength(20);
    expect(closedHours).toBe(30);
  });
});

describe("the hours that are under way", () => {
  it("are 128 MiB at once: the largest are read one after the other", async () => {
    const scene = new Scene("under way");
    const hose = new Hose();
    const hours = [HOUR - 2, HOUR - 1].map((hour) => {
      const listed = publish(scene, hour, 65_536, new Uint8Array(1));
      const endless = (): Response => hose.body(Number.POSITIVE_INFINITY, () => undefined);
      scene.server.lies.set(PATHS.filter(hour), endless);
      return listed;
    });
    const small = publish(scene, HOUR - 3, 65, buildFilter(ID, seededRandom("filter")));
    list(scene, [...hours, small]);
    const summary = await lookupOf(scene.server, scene.cacheFolder).refresh(() => undefined);
    expect(hose.peak).toBeLessThanOrEqual(2 ** 27);
    expect(tooLarge(summary)).toHaveLength(2);
    expect(summary.closedHours).toBe(1);
  }, 30_000);
});

describe("the pages with hits of one lookup", () => {
  const filter = buildFilter(ID, seededRandom("filter"));

  it("are 8,192, and 1,024 of an hour, however often it is searched", async () => {
    const scene = new Scene("hits");
    list(
      scene,
      Array.from({ length: 9 }, (_, at) => publish(scene, HOUR - 9 + at, 1030, filter)),
    );
    const lookup = lookupOf(scene.server, scene.cacheFolder);
    await lookup.refresh(() => undefined);
    await lookup.readHits(ID, () => undefined);
    expect(asked(scene, /\/pages\//)).toHaveLength(8192);
    const summary = await lookup.readHits(ID, () => undefined);
    expect(asked(scene, /\/pages\//)).toHaveLength(8192);
    expect(tooLarge(summary)).toHaveLength(9);
  }, 30_000);

  it("are 1,024 of one hour in all", async () => {
    const scene = new Scene("one hour");
    list(scene, [publish(scene, HOUR - 1, 1030, filter)]);
    const lookup = lookupOf(scene.server, scene.cacheFolder);
    await lookup.refresh(() => undefined);
    await lookup.readHits(ID, () => undefined);
    await lookup.readHits(ID, () => undefined);
    expect(asked(scene, /\/pages\//)).toHaveLength(1024);
  });
});
