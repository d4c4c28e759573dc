import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CryptoSuite, concat, fromHex, loadCrypto, PATHS, toHex } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { CacheTrouble } from "../../src/cache-trouble.ts";
import type { Lookup } from "../../src/lookup/lookup.ts";
import { SearchedHours } from "../../src/lookup/searched-hours.ts";
import type { Search } from "../../src/lookup/searches.ts";
import { FakeServer, problem } from "../support/fake-server.ts";
import { temporaryFolder } from "../support/folders.ts";
import { lookupOf } from "../support/lookup.ts";
import { HOUR, pagesIn, Scene } from "../support/search.ts";

const crypto = await loadCrypto();

/** Two reports of one device in an hour with a filter, and a lookup's memory of it. */
class Searched {
  readonly scene: Scene;
  readonly cacheFolder: string = temporaryFolder();
  readonly first: Uint8Array;
  readonly both: Uint8Array;
  filterReads = 0;

  constructor(seed: string) {
    this.scene = new Scene(seed);
    const [one, other] = this.scene.heardIn(2);
    if (one === undefined || other === undefined) throw new Error("expected two reports");
    this.scene.server.closeHour(HOUR - 1, [one, other], { pages: 65 });
    this.first = one.getId;
    this.both = concat(one.getId, other.getId);
  }

  get path(): string {
    return join(this.cacheFolder, "candidates", "1.searched");
  }

  /** A lookup that counts how often it takes the hash of the filter, which every reading of it does. */
  lookup(): Lookup {
    const filterBytes = this.scene.server.body(PATHS.filter(HOUR - 1)).length;
    const counting: CryptoSuite = {
      ...crypto,
      blake2b: (length, message, ...rest) => {
        if (message.length > filterBytes) this.filterReads += 1;
        return crypto.blake2b(length, message, ...rest);
      },
    };
    return lookupOf(this.scene.server, this.cacheFolder, { crypto: counting });
  }

  /** Pages that a lookup for `ids` asks for, and how often it reads the filter. */
  async look(ids: Uint8Array): Promise<{ readonly pages: string[]; readonly filterReads: number }> {
    this.filterReads = 0;
    const lookup = this.lookup();
    await lookup.refresh(() => undefined);
    await lookup.readHits(ids, () => undefined);
    return { pages: pagesIn(this.scene.asked()).toSorted(), filterReads: this.filterReads };
  }
}

describe("an hour that was searched", () => {
  it("is not even read again for the same ids", async () => {
    const searched = new Searched("again");
    const { pages } = await searched.look(searched.both);
    expect(pages.length).toBeGreaterThan(0);
    // One time because what is on this disk is checked at every lookup, whatever it is for.
    expect(await searched.look(searched.both)).toEqual({ pages: [], filterReads: 1 });
  });

  it("is not read again for records, which it has none of", async () => {
    const searched = new Searched("replay");
    const lookup = searched.lookup();
    await lookup.refresh(() => undefined);
    searched.filterReads = 0;
    await lookup.replay(() => undefined);
    expect(searched.filterReads).toBe(0);
  });

  it("is searched for ids that came since", async () => {
    const searched = new Searched("since");
    const all = (await new Searched("since").look(searched.both)).pages;
    const { pages } = await searched.look(searched.first);
    const later = await searched.look(searched.both);
    expect([...pages, ...later.pages].toSorted()).toEqual(all);
    expect((await searched.look(searched.both)).filterReads).toBe(1);
  });

  it("is asked for the pages that it would be asked for if it was not remembered", async () => {
    for (const isRemembered of [true, false]) {
      const searched = new Searched("pages");
      const forget = (): void => {
        if (!isRemembered) rmSync(searched.path);
      };
      const all = (await new Searched("pages").look(searched.both)).pages;
      const [failing = ""] = all;
      searched.scene.server.lies.set(failing, () => problem(500));
      expect((await searched.look(searched.both)).pages).toEqual(all);
      forget();
      // One that failed is asked for again, but only for who looks for its id.
      const own = (await new Searched("pages").look(searched.first)).pages;
      const failed = own.filter((path) => path === failing);
      expect((await searched.look(searched.first)).pages).toEqual(failed);
      forget();
      expect((await searched.look(searched.both)).pages).toEqual([failing]);
      forget();
      searched.scene.server.lies.clear();
      rmSync(join(searched.cacheFolder, "candidates", "1.pages"));
      expect((await searched.look(searched.both)).pages).toEqual(all);
      forget();
      expect((await searched.look(searched.both)).pages).toEqual([]);
    }
  });

  it("is another one when the server has another one", async () => {
    const searched = new Searched("another");
    await searched.look(searched.both);
    const [one] = new Searched("another").scene.heardIn(1);
    if (one === undefined) throw new Error("expected a report");
    const server = new FakeServer(crypto, seededRandom("another server"));
    server.closeHour(HOUR - 1, [{ ...one, getId: searched.first }], { pages: 66 });
    Object.assign(searched.scene, { server });
    rmSync(join(searched.cacheFolder, "hours"), { recursive: true });
    expect((await searched.look(searched.both)).pages.length).toBeGreaterThan(0);
  });

  it("is remembered when the lookup is stopped before the pages are there", async () => {
    const searched = new Searched("stopped");
    const stop = new AbortController();
    const onProgress = (stage: string): void => {
      if (stage === "filters") stop.abort();
    };
    const { server } = searched.scene;
    const over = { signal: stop.signal, onProgress };
    const lookup = lookupOf(server, searched.cacheFolder, over);
    await lookup.refresh(() => undefined);
    await lookup.readHits(searched.both, () => undefined);
    expect(pagesIn(searched.scene.asked())).toEqual([]);
    expect(statSync(searched.path).size).toBeGreaterThan(100);
    expect((await searched.look(searched.both)).pages.length).toBeGreaterThan(0);
  });

  it.each([
    ["noise", (path: string) => writeFileSync(path, seededRandom("noise").bytes(500))],
    ["a few bytes", (path: string) => writeFileSync(path, "x")],
    ["gigabytes", (path: string) => truncateSync(path, 20 * 2 ** 30)],
    ["its half", (path: string) => truncateSync(path, 60)],
  ])("is searched again, and remembered, when its file is %s", async (_what, spoil) => {
    const searched = new Searched("garbage");
    const { pages } = await searched.look(searched.both);
    spoil(searched.path);
    rmSync(join(searched.cacheFolder, "candidates", "1.pages"));
    expect((await searched.look(searched.both)).pages).toEqual(pages);
    expect(statSync(searched.path).size).toBeLessThan(1000);
    expect((await searched.look(searched.both)).filterReads).toBe(1);
  });

  it("is searched all the same when a folder stands in place of its file", async () => {
    const searched = new Searched("folder");
    mkdirSync(searched.path, { recursive: true });
    const trouble = new CacheTrouble();
    const lookup = lookupOf(searched.scene.server, searched.cacheFolder, { trouble });
    await lookup.refresh(() => undefined);
    await lookup.readHits(searched.both, () => undefined);
    expect(pagesIn(searched.scene.asked()).length).toBeGreaterThan(0);
    expect(trouble.code).toBe("EISDIR");
  });

  it("is nobody else's business", async () => {
    const searched = new Searched("private");
    await searched.look(searched.both);
    const file = readFileSync(searched.path);
    expect(statSync(searched.path).mode & 0o777).toBe(0o600);
    for (const { manifest } of searched.scene.server.list.hours) {
      expect(file.includes(Buffer.from(fromHex(manifest)))).toBe(false);
    }
  });
});

describe("searched hours", () => {
  const random = seededRandom("searched hours");
  function searchOf(hour: number, hits = 1): Search {
    const manifest = toHex(random.bytes(32));
    const found = Array.from({ length: hits }, (_, index) => ({ index, hash: random.bytes(32) }));
    return { hour, manifest, ids: 288, hits: found };
  }
  interface Keep {
    readonly firstHour?: number;
    readonly firstDay?: number;
    readonly max?: number;
    readonly deviceKey?: Uint8Array;
  }
  function keep(path: string, over: Keep = {}): SearchedHours {
    const { firstHour = 0, firstDay = 20_000, max, deviceKey = new Uint8Array(32) } = over;
    const deps = { crypto, random, trouble: new CacheTrouble(), deviceKey, path, firstDay };
    return new SearchedHours(deps, { first: firstHour, last: firstHour + 1465 }, max);
  }
  function keepAll(path: string, searches: readonly Search[], over: Keep = {}): void {
    const hours = keep(path, over);
    for (const search of searches) hours.add(search);
    hours.save();
  }

  it("are there again for the same device, and for no other", () => {
    const path = join(temporaryFolder(), "1.searched");
    const search = searchOf(5, 3);
    keepAll(path, [search]);
    expect(keep(path).of(search.manifest, 288)).toEqual(search);
    expect(keep(path, { deviceKey: new Uint8Array(32).fill(1) }).of(search.manifest, 288)).toBe(
      null,
    );
    expect(keep(path, { firstDay: 19_999 }).of(search.manifest, 288)).toBe(null);
  });

  it("say nothing of fewer ids than were asked for", () => {
    const path = join(temporaryFolder(), "1.searched");
    const search = searchOf(5);
    keepAll(path, [search]);
    expect(keep(path).of(search.manifest, 287)).toBe(null);
    expect(keep(path).of(search.manifest, 289)).toEqual(search);
  });

  it("go two months before the newest, and leave no bytes behind", () => {
    const path = join(temporaryFolder(), "1.searched");
    const [old, young] = [searchOf(5), searchOf(1446)];
    keepAll(path, [old, young]);
    const { size } = statSync(path);
    const later = keep(path, { firstHour: 2000 });
    expect(later.of(old.manifest, 288)).toBe(null);
    expect(later.of(young.manifest, 288)).toEqual(young);
    later.save();
    expect(statSync(path).size).toBe((size - 28) / 2 + 28);
  });

  it("stay when the clock is ahead", () => {
    const path = join(temporaryFolder(), "1.searched");
    const search = searchOf(5);
    keepAll(path, [search]);
    keep(path, { firstHour: 100_000 }).save();
    expect(keep(path).of(search.manifest, 288)).toEqual(search);
  });

  it("take no more room than they may: those after the window go first, then the oldest", () => {
    const path = join(temporaryFolder(), "1.searched");
    const max = 3 * (42 + 36);
    const searches = [7, 6, 5, 4, 5000].map((hour) => searchOf(hour));
    keepAll(path, searches, { max });
    expect(statSync(path).size).toBe(28 + max);
    const kept = keep(path, { max });
    const left = searches.filter(({ manifest }) => kept.of(manifest, 288) !== null);
    expect(left.map(({ hour }) => hour)).toEqual([7, 6, 5]);
  });

  it("are few where a server has put hits into every page", () => {
    const path = join(temporaryFolder(), "1.searched");
    const [usual, many] = [searchOf(5, 64), searchOf(6, 65)];
    keepAll(path, [usual, many]);
    expect(keep(path).of(usual.manifest, 288)).toEqual(usual);
    expect(keep(path).of(many.manifest, 288)).toBe(null);
  });
});
