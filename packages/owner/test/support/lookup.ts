import { readdirSync } from "node:fs";
import { join } from "node:path";
import { loadCrypto } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { CacheTrouble } from "../../src/cache-trouble.ts";
import { keptFor } from "../../src/lookup/kept.ts";
import { Lookup, type LookupSummary } from "../../src/lookup/lookup.ts";
import type { LookupDeps } from "../../src/lookup/reading.ts";
import { FakeServer, SERVER_URL } from "./fake-server.ts";
import { temporaryFolder } from "./folders.ts";
import { NOON } from "./reports.ts";
import { HastyClock, HOUR } from "./search.ts";

const suite = await loadCrypto();

/** The segment that begins at noon. */
export const SEGMENT: number = NOON / 30;

/** What else a lookup is made with than usual; `at` is its time. */
type Over = Partial<LookupDeps> & { readonly at?: number };

/** A lookup for a device whose key is zeros, at noon unless told otherwise. */
export function lookupOf(server: FakeServer, cacheFolder: string, over: Over = {}): Lookup {
  const { at = NOON, crypto = suite, trouble = new CacheTrouble(), ...others } = over;
  const random = seededRandom("lookup");
  const device = { number: 1, key: new Uint8Array(32), since: at };
  return new Lookup({
    crypto,
    random,
    trouble,
    cacheFolder,
    ...keptFor({ crypto, random, trouble, cacheFolder }, device, 0, at),
    clock: new HastyClock(at * 1000),
    fetch: server.fetch,
    serverUrl: SERVER_URL,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...others,
  });
}

/** Looks again and again at a server that has three quiet hours and two segments. */
export class Reader {
  readonly server = new FakeServer(suite, seededRandom("server"));
  readonly cacheFolder: string = temporaryFolder();

  constructor() {
    for (const hour of [HOUR - 3, HOUR - 2, HOUR - 1]) this.server.closeHour(hour, []);
    this.server.open(SEGMENT, SEGMENT + 1, []);
  }

  lookup(over: Over = {}): Lookup {
    return lookupOf(this.server, this.cacheFolder, over);
  }

  async refresh(): Promise<LookupSummary> {
    this.server.requests.length = 0;
    return this.lookup().refresh(() => undefined);
  }

  /** Paths that the last lookup asked for. */
  asked(): string[] {
    return this.server.requests.map((line) => line.split(" ")[1]?.slice(SERVER_URL.length) ?? "");
  }

  cachedFiles(): string[] {
    const [name = ""] = readdirSync(join(this.cacheFolder, "hours"));
    const folder = join(this.cacheFolder, "hours", name);
    return readdirSync(folder).map((file) => join(folder, file));
  }
}
