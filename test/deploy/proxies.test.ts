import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  encodeUploadBatch,
  HOUR_SECONDS,
  hourOf,
  loadCrypto,
  PATHS,
  RECORDS_MEDIA_TYPE,
  SEGMENT_SECONDS,
  STORED_RECORD_BYTES,
  segmentOf,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { Server } from "@glowworm/server";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { type Answer, ask, type RunningProxy, startCaddy, startNginx } from "../support/proxy.ts";

const NOON_MS = Date.UTC(2026, 10, 20, 12);
const MARKER = "planted-agent";
/** Where the outermost proxy of a test says which client it speaks for. */
const CLIENT_HEADER = "x-test-client";
/** Addresses of one network each; their bytes have zeros and line ends in them, which patterns may stumble over. */
const NETWORKS: readonly (readonly string[])[] = Array.from({ length: 16 }, (_, index) => [
  [`198.51.${index}.0`, `198.51.${index}.10`, `198.51.${index}.255`],
  [`2001:db8:${index}::a`, `2001:db8:${index}:a0a::`, `2001:db8:${index}:ffff:1:2:3:4`],
]).flat();
const random = seededRandom("proxies");
const crypto = await loadCrypto();

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A server with a closed hour. */
async function someServer(): Promise<{
  server: Server;
  url: string;
  hour: number;
  clock: FakeClock;
}> {
  const dataFolder = mkdtempSync(join(tmpdir(), "glowworm-proxied-"));
  endings.push(() => rmSync(dataFolder, { recursive: true, force: true }));
  const clock = new FakeClock(NOON_MS);
  const server = new Server({
    ...{ clock, random, crypto, dataFolder, host: "127.0.0.1", port: 0, retentionDays: 30 },
  });
  const { url } = await server.start();
  clock.advance(2 * HOUR_SECONDS * 1000);
  await server.step();
  return { server, url, hour: hourOf(NOON_MS / 1000), clock };
}

/** Uploads 64 reports of one id, as much as a network may, with the address a client might claim. */
async function uploadFull(
  proxy: RunningProxy,
  putId: Uint8Array,
  claimed: string,
  client?: string,
): Promise<Answer> {
  const batch = Array.from({ length: 64 }, () => {
    const envelope = random.bytes(113);
    envelope[0] = 1;
    return { putId, envelope };
  });
  const headers = {
    "content-type": RECORDS_MEDIA_TYPE,
    "x-forwarded-for": claimed,
    "user-agent": MARKER,
    ...(client === undefined ? {} : { [CLIENT_HEADER]: client }),
  };
  return await post(proxy, encodeUploadBatch(batch), headers);
}

async function post(
  proxy: RunningProxy,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = { "content-type": RECORDS_MEDIA_TYPE },
): Promise<Answer> {
  return await ask(proxy.url + PATHS.sightings, { method: "POST", headers, body });
}

/** Everything the proxy wrote as a log. */
function logsOf({ folder }: RunningProxy): string {
  const logs = join(folder, "logs");
  return readdirSync(logs)
    .map((name) => readFileSync(join(logs, name), "utf8"))
    .join("\n");
}

const { skip: noNginx } = needs("nginx", "openssl");
const { skip: noCaddy } = needs("caddy", "openssl");

describe.each([
  { name: "nginx", start: startNginx, skip: noNginx },
  { name: "Caddy", start: startCaddy, skip: noCaddy },
])("$name with our example", ({ start, skip }) => {
  it.skipIf(skip)("passes on uploads and answers, and refuses large bodies", async () => {
    const { server, url, hour } = await someServer();
    const proxy = await start(url);
    endings.push(() => server.stop(), proxy.stop);
    expect((await uploadFull(proxy, random.bytes(32), "192.0.2.1")).status).toBe(201);
    expect((await post(proxy, random.bytes(9281))).body.toString()).toContain("body-too-large");
    expect((await post(proxy, random.bytes(100_000))).status).toBe(413);
    const page = await ask(proxy.url + PATHS.page(hour, 0));
    expect([page.status, page.body.length]).toEqual([200, 34_048]);
    expect(page.headers["cache-control"]).toContain("immutable");
    expect(page.headers["etag"]).toBeUndefined();
    expect((await ask(proxy.url + PATHS.page(hour, 9))).status).toBe(404);
    expect((await ask(proxy.url + PATHS.ready)).status).toBe(200);
  });

  it.skipIf(skip)("tells where an upload comes from, whatever the client claims", async () => {
    const { server, url } = await someServer();
    const proxy = await start(url);
    endings.push(() => server.stop(), proxy.stop);
    const putId = random.bytes(32);
    expect((await uploadFull(proxy, putId, "192.0.2.1")).status).toBe(201);
    expect((await uploadFull(proxy, putId, "198.51.100.1")).status).toBe(429);
  });

  it.skipIf(skip)("writes nobody's address down, not even when the server is gone", async () => {
    const { server, url } = await someServer();
    const proxy = await start(url);
    endings.push(proxy.stop);
    await uploadFull(proxy, random.bytes(32), "192.0.2.1");
    await ask(`${proxy.url}/${MARKER}`, { headers: { "user-agent": MARKER } });
    await server.stop();
    expect((await ask(proxy.url + PATHS.hours)).status).toBe(502);
    await post(proxy, random.bytes(145));
    const logs = logsOf(proxy);
    for (const trace of [MARKER, "192.0.2.1", PATHS.sightings, "remote_ip", "client: "]) {
      expect(logs).not.toContain(trace);
    }
  });
});

describe("nginx with our example", () => {
  it.skipIf(noNginx)("goes on serving closed hours that were asked for once", async () => {
    const { server, url, hour } = await someServer();
    const proxy = await startNginx(url);
    endings.push(proxy.stop);
    const asked = [PATHS.manifest(hour), PATHS.page(hour, 0)];
    const before = await Promise.all(asked.map((path) => ask(proxy.url + path)));
    await server.stop();
    const after = await Promise.all(asked.map((path) => ask(proxy.url + path)));
    expect(after.map(({ status }) => status)).toEqual([200, 200]);
    expect(after.map(({ body }) => body)).toEqual(before.map(({ body }) => body));
    expect((await ask(proxy.url + PATHS.hours)).status).toBe(502);
  });

  it.skipIf(noNginx)("keeps each network on one of several servers", async () => {
    const servers = [await someServer(), await someServer()];
    endings.push(
      ...servers.map(
        ({ server }) =>
          () =>
            server.stop(),
      ),
    );
    // Clients from anywhere, on a machine that has loopback alone.
    const proxy = await startNginx(
      servers.map(({ url }) => url),
      `set_real_ip_from 127.0.0.1; real_ip_header ${CLIENT_HEADER};`,
    );
    endings.push(proxy.stop);
    const putId = random.bytes(32);
    const from = async (client: string): Promise<number> =>
      (await uploadFull(proxy, putId, "192.0.2.1", client)).status;
    for (const network of NETWORKS) {
      const [first = "", ...others] = network;
      expect([first, await from(first)]).toEqual([first, 201]);
      for (const other of others) expect([other, await from(other)]).toEqual([other, 429]);
    }
    for (const { server, url, clock } of servers) {
      const segment = segmentOf(clock.nowMs() / 1000);
      clock.advance(SEGMENT_SECONDS * 1000);
      await server.step();
      const { byteLength } = await (await fetch(url + PATHS.segment(segment))).arrayBuffer();
      expect(byteLength).toBeGreaterThanOrEqual(64 * STORED_RECORD_BYTES);
    }
  });

  it.skipIf(noNginx)("makes nobody wait for another's list", async () => {
    const held: ServerResponse[] = [];
    const server = createServer((_, response) => void held.push(response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    endings.push(() => void server.close());
    const proxy = await startNginx([`http://127.0.0.1:${(server.address() as AddressInfo).port}`]);
    endings.push(proxy.stop);
    const asked = [ask(proxy.url + PATHS.hours), ask(proxy.url + PATHS.hours)];
    // nginx itself lets the second one through after five seconds.
    const both = eventually("both to be asked for", 4000, async () => held.length === 2 || null);
    await both.finally(() => {
      for (const response of held) response.end();
      server.on("request", (_, response: ServerResponse) => response.end());
    });
    await Promise.all(asked);
  });
});
