import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { encodeUploadBatch, getIdOf, PATHS, type UploadRecord } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { crypto, HOUR_MS, SEGMENT_MS, someUpload, temporaryFolder } from "./support/fixtures.ts";
import { openLocalStore, SmallDisk } from "./support/local-store.ts";
import { recordsOfHours, recordsOfSegments, timesFound } from "./support/published.ts";

const PROGRAM = new URL("../../cli/bin/glowworm.js", import.meta.url).pathname;
const KILLS = 4;
const UPLOADERS = 8;
const YESES_BEFORE_KILL = 60;

const random = seededRandom("durability");

/** A server in a process of its own. */
class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(folder: string): Promise<ServerProcess> {
    const args = [PROGRAM, "server", "run", "--data", folder, "--listen", "127.0.0.1:0"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    for await (const line of createInterface({ input: child.stderr })) {
      const url = /http:\S+/.exec(line)?.[0];
      if (url !== undefined) return new ServerProcess(url, child);
    }
    throw new Error("the server ended before it listened");
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    const [code] = await ended;
    return code as number | null;
  }
}

type Batch = readonly UploadRecord[];

/** Uploads without pause from several connections until the server is gone. */
class Load {
  readonly acknowledged: Batch[] = [];
  readonly unanswered: Batch[] = [];
  readonly #url: string;
  #onYes: () => void = () => {};

  constructor(url: string) {
    this.#url = url;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: UPLOADERS }, () => this.#uploadUntilGone()));
  }

  async yeses(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onYes = () => this.acknowledged.length >= count && resolve();
    });
  }

  async #uploadUntilGone(): Promise<void> {
    for (;;) {
      const batch = Array.from({ length: 1 + ((random.bytes(1)[0] ?? 0) % 64) }, () =>
        someUpload(random),
      );
      const status = await uploadTo(this.#url, batch);
      if (status === 201) {
        this.acknowledged.push(batch);
        this.#onYes();
      } else {
        this.unanswered.push(batch);
      }
      if (status === null) return;
    }
  }
}

/** The status, or null when no answer came. */
async function uploadTo(url: string, batch: Batch): Promise<number | null> {
  try {
    const response = await fetch(url + PATHS.sightings, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: encodeUploadBatch(batch) as Uint8Array<ArrayBuffer>,
    });
    return response.status;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function reportsOf(batches: readonly Batch[]): { getId: Uint8Array; envelope: Uint8Array }[] {
  return batches.flat().map(({ putId, envelope }) => ({ getId: getIdOf(crypto, putId), envelope }));
}

describe("a server that is killed under load", () => {
  it("has every report it said yes to, once, in segments and in pages, and no half batch", async () => {
    const folder = temporaryFolder();
    const acknowledged: Batch[] = [];
    const unanswered: Batch[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const server = await ServerProcess.start(folder);
      for (const batch of unanswered.splice(0, 3)) {
        expect(await uploadTo(server.url, batch)).toBe(201);
        acknowledged.push(batch);
      }
      const load = new Load(server.url);
      const running = load.run();
      await load.yeses(YESES_BEFORE_KILL);
      await server.end("SIGKILL");
      await running;
      acknowledged.push(...load.acknowledged);
      unanswered.push(...load.unanswered);
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(KILLS * YESES_BEFORE_KILL);

    const clock = new FakeClock(Date.now() + SEGMENT_MS);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    expect(store.damaged).toEqual([]);
    await store.maintain();
    const wanted = reportsOf(acknowledged);
    const once = wanted.map(() => 1);
    const early = [...(await recordsOfHours(store)), ...(await recordsOfSegments(store))];
    expect(timesFound(wanted, early)).toEqual(once);
    clock.advance(2 * HOUR_MS);
    await store.maintain();
    const records = await recordsOfHours(store);
    expect(timesFound(wanted, records)).toEqual(once);
    for (const batch of unanswered) {
      expect(new Set(timesFound(reportsOf([batch]), records)).size).toBe(1);
    }
    await store.close();
  });

  it("writes all it accepted when it is asked to end, and ends well", async () => {
    const folder = temporaryFolder();
    const server = await ServerProcess.start(folder);
    const load = new Load(server.url);
    const running = load.run();
    await load.yeses(YESES_BEFORE_KILL);
    expect(await server.end("SIGTERM")).toBe(0);
    await running;
    const clock = new FakeClock(Date.now() + 2 * HOUR_MS);
    const store = await openLocalStore(folder, new SmallDisk(), clock);
    await store.maintain();
    const wanted = reportsOf(load.acknowledged);
    expect(timesFound(wanted, await recordsOfHours(store))).toEqual(wanted.map(() => 1));
    await store.close();
  });
});
