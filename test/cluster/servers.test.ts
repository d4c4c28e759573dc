import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUploadBatch, type HoursList, PATHS, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { Server } from "@glowworm/server";
import { afterEach, describe, expect, it } from "vitest";
import {
  crypto,
  HOUR_MS,
  NOON_MS,
  SEGMENT_MS,
  someUpload,
} from "../../packages/server/test/support/fixtures.ts";
import { cluster, emptyCluster, nodes } from "./support/cluster.ts";

const random = seededRandom("servers");
const folder = mkdtempSync(join(tmpdir(), "glowworm-servers-"));
const running: Server[] = [];

/** A server as `glowworm server run` makes it, beside others over the same cluster. */
class Running {
  readonly #server: Server;
  readonly url: string;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(clock: FakeClock): Promise<Running> {
    const server = new Server({
      clock,
      random: { bytes: randomBytes },
      crypto,
      cluster,
      dataFolder: folder,
      host: "127.0.0.1",
      port: 0,
      retentionDays: 30,
    });
    running.push(server);
    return new Running(server, (await server.start()).url);
  }

  async step(): Promise<void> {
    await this.#server.step();
  }

  async upload(records: number): Promise<number> {
    const batch = Array.from({ length: records }, () => someUpload(random));
    const { status } = await fetch(this.url + PATHS.sightings, {
      method: "POST",
      headers: { "content-type": RECORDS_MEDIA_TYPE },
      body: encodeUploadBatch(batch) as Uint8Array<ArrayBuffer>,
    });
    return status;
  }

  /** Every byte that it publishes, by path. */
  async everything(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    const get = async (path: string): Promise<string> => {
      const answer = await fetch(this.url + path);
      const body = Buffer.from(await answer.arrayBuffer()).toString("latin1");
      found.set(path, `${answer.status} ${body}`);
      return body;
    };
    const { hours, open } = JSON.parse(await get(PATHS.hours)) as HoursList;
    for (const { hour, pages } of hours) {
      await get(PATHS.manifest(hour));
      await get(PATHS.filter(hour));
      for (let page = 0; page < pages; page++) await get(PATHS.page(hour, page));
    }
    for (let segment = open?.first ?? 1; segment <= (open?.last ?? 0) + 1; segment++) {
      await get(PATHS.segment(segment));
    }
    return found;
  }
}

describe.skipIf(nodes.length === 0)("several servers over one cluster", () => {
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("answer with the same bytes, also one that starts later", async () => {
    await emptyCluster();
    const clock = new FakeClock(NOON_MS);
    const servers = [await Running.start(clock), await Running.start(clock)];
    const upload = async (): Promise<void> => {
      const all = servers.map((server, index) => server.upload(20 + index));
      expect(new Set(await Promise.all(all))).toEqual(new Set([201]));
    };
    for (let segment = 0; segment < 3; segment++) {
      await upload();
      clock.advance(SEGMENT_MS);
      await Promise.all(servers.map((server) => server.step()));
    }
    // What a server knows of the others is a second old at most.
    clock.advance(1000);
    await expectEqual(servers);
    clock.advance(HOUR_MS);
    await Promise.all(servers.map((server) => server.step()));
    await upload();
    clock.advance(120_000);
    for (let tries = 0; tries < 10 && (await hoursOf(servers[0])) === 0; tries++) {
      await Promise.all(servers.map((server) => server.step()));
      clock.advance(1000);
    }
    servers.push(await Running.start(clock));
    clock.advance(1000);
    const all = await expectEqual(servers);
    expect([...all.keys()].some((path) => path.endsWith("/pages/0"))).toBe(true);
    await running[0]?.stop();
    clock.advance(SEGMENT_MS);
    for (const server of servers.slice(1)) await server.step();
    clock.advance(1000);
    await expectEqual(servers.slice(1));
  });
});

async function hoursOf(server: Running | undefined): Promise<number> {
  const answer = await fetch(`${server?.url}${PATHS.hours}`);
  return ((await answer.json()) as HoursList).hours.length;
}

async function expectEqual(servers: readonly Running[]): Promise<ReadonlyMap<string, string>> {
  const [first = new Map<string, string>(), ...others] = await Promise.all(
    servers.map((server) => server.everything()),
  );
  for (const other of others) expect(other).toEqual(first);
  expect(first.size).toBeGreaterThan(3);
  return first;
}
