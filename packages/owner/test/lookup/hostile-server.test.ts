import {
  decodeManifest,
  encodeManifest,
  loadCrypto,
  manifestHash,
  PATHS,
  STORED_RECORD_BYTES,
  toHex,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { bytes, FakeServer, problem } from "../support/fake-server.ts";
import { Reader, SEGMENT } from "../support/lookup.ts";
import { HOUR } from "../support/search.ts";

const crypto = await loadCrypto();
let reader: Reader;

beforeEach(() => {
  reader = new Reader();
});

describe("a hostile server", () => {
  const page = PATHS.page(HOUR - 2, 0);
  const manifest = PATHS.manifest(HOUR - 2);
  const segment = PATHS.segment(SEGMENT);
  const cut = (path: string, length: number) => (): Response =>
    bytes(reader.server.body(path).subarray(0, reader.server.body(path).length - length));
  const flipped = (path: string) => (): Response => {
    const body = reader.server.body(path).slice();
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
      () => () => bytes(reader.server.body(PATHS.manifest(HOUR - 1))),
      "malformed",
    ],
    ["an empty manifest", manifest, () => () => bytes(new Uint8Array()), "malformed"],
    ["a segment of half records", segment, () => cut(segment, 1), "malformed"],
    ["an odd segment", segment, () => cut(segment, STORED_RECORD_BYTES), "malformed"],
    ["an empty segment", segment, () => () => bytes(new Uint8Array()), "malformed"],
    ["a segment of noise", segment, () => () => bytes(new Uint8Array(266).fill(9)), "malformed"],
    ["a segment that fails", segment, () => () => problem(500), "status"],
  ])("that sends %s costs that part alone", async (_what, path, lie, code) => {
    reader.server.lies.set(path, lie());
    const summary = await reader.refresh();
    const isSegment = path === segment;
    expect(summary.problems).toMatchObject([
      { what: isSegment ? `segment ${SEGMENT}` : `hour ${HOUR - 2}`, code },
    ]);
    expect(summary).toMatchObject({
      closedHours: isSegment ? 3 : 2,
      segments: isSegment ? 1 : 2,
    });
    expect(reader.cachedFiles()).toHaveLength(summary.closedHours);
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
    await reader.refresh();
    reader.server.lies.set(PATHS.hours, lie);
    const summary = await reader.refresh();
    expect(summary).toMatchObject({ isServerReached: false, closedHours: 3 });
    expect(summary.problems).toMatchObject([{ what: "list of hours", code }]);
    expect(reader.server.requests).toHaveLength(1);
  });

  it("that lists an hour of more pages than are read is asked for none of them", async () => {
    const list = { v: 1, hours: [{ ...entry, pages: 65_537 }], open: null };
    reader.server.lies.set(PATHS.hours, () => Response.json(list));
    const summary = await reader.refresh();
    expect(summary.problems).toMatchObject([{ what: `hour ${HOUR}`, code: "too-large" }]);
    expect(reader.server.requests).toHaveLength(1);
  });

  it("that takes an hour out of the middle is found out", async () => {
    const [first, , last] = reader.server.list.hours;
    reader.server.lies.set(PATHS.hours, () =>
      Response.json({ ...reader.server.list, hours: [first, last] }),
    );
    const summary = await reader.refresh();
    expect(summary.problems).toMatchObject([{ what: `hour ${HOUR - 1}`, code: "chain-broken" }]);
  });

  it("that changes a closed hour is found out, and both versions are read", async () => {
    await reader.refresh();
    const other = new FakeServer(crypto, seededRandom("other server"));
    for (const hour of [HOUR - 3, HOUR - 2, HOUR - 1]) other.closeHour(hour, []);
    for (const path of [PATHS.manifest(HOUR - 1), PATHS.page(HOUR - 1, 0)]) {
      reader.server.lies.set(path, () => bytes(other.body(path)));
    }
    const [first, second] = reader.server.list.hours;
    const hours = [first, second, other.list.hours[2]];
    reader.server.lies.set(PATHS.hours, () => Response.json({ ...reader.server.list, hours }));
    const summary = await reader.refresh();
    expect(summary.problems.map(({ code }) => code)).toEqual(["changed", "chain-broken"]);
    expect(summary.records).toBe(4 * 256 + 2 * 2);
    // The first is not forgotten for the second: the next lookup has both again.
    const next = await reader.refresh();
    expect(next.problems.map(({ code }) => code)).toEqual(["changed", "chain-broken"]);
    expect(next.records).toBe(summary.records);
  });

  it("that lists more hours than one lookup reads hides none that are on this disk", async () => {
    await reader.refresh();
    const far = Array.from({ length: 40 }, (_item, index) => {
      return { ...entry, hour: HOUR - 60 + index, pages: 65_536 };
    });
    const hours = [...far, ...reader.server.list.hours.map((one) => ({ ...one, pages: 60_000 }))];
    reader.server.lies.set(PATHS.hours, () => Response.json({ ...reader.server.list, hours }));
    const summary = await reader.refresh();
    expect(summary.records).toBe(3 * 256 + 2 * 2);
  });

  it("that lists the manifest of one hour under another is refused", async () => {
    const last = reader.server.list.hours.at(-1);
    if (last === undefined) throw new Error("expected an hour");
    const hours = [...reader.server.list.hours, { ...last, hour: HOUR }];
    reader.server.lies.set(PATHS.hours, () => Response.json({ ...reader.server.list, hours }));
    for (const path of [PATHS.manifest, (hour: number) => PATHS.page(hour, 0)]) {
      reader.server.lies.set(path(HOUR), () => bytes(reader.server.body(path(HOUR - 1))));
    }
    const summary = await reader.refresh();
    expect(summary.problems).toMatchObject([{ what: `hour ${HOUR}`, code: "malformed" }]);
  });

  it("whose manifest names wrong bounds for a page is refused", async () => {
    const honest = decodeManifest(reader.server.body(manifest));
    const [only] = honest.pages;
    if (only === undefined) throw new Error("expected a page");
    const pages = [{ ...only, firstId: new Uint8Array(16) }];
    const forged = encodeManifest({ ...honest, pages });
    const hours = reader.server.list.hours.map((listed) =>
      listed.hour === HOUR - 2
        ? { ...listed, manifest: toHex(manifestHash(crypto, forged)) }
        : listed,
    );
    reader.server.lies.set(manifest, () => bytes(forged));
    reader.server.lies.set(PATHS.hours, () => Response.json({ ...reader.server.list, hours }));
    const summary = await reader.refresh();
    expect(summary.problems).toContainEqual(
      expect.objectContaining({ what: `hour ${HOUR - 2}`, code: "malformed" }),
    );
  });
});
