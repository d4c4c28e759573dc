import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type HoursList, loadCrypto, PATHS } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeServer } from "../../owner/test/support/fake-server.ts";
import { serve } from "./support/glowworm.ts";

const PROGRAM = fileURLToPath(new URL("../bin/glowworm.js", import.meta.url));
const FIRST_HOUR = Math.floor(Date.now() / 3_600_000) - 9;
const HOURS = 4;
const PAGES = 3;
/** The list, and a manifest and pages of every hour. */
const REQUESTS = 1 + HOURS * (1 + PAGES);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function startMirror(url: string): ChildProcess {
  const args = ["server", "mirror", url, "--data", folder, "--listen", "127.0.0.1:0"];
  return spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "ignore", "pipe"] });
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("a mirror in a process of its own", () => {
  it("killed again and again has every hour in the end, each fetched whole once or anew", async () => {
    const server = new FakeServer(await loadCrypto(), seededRandom("mirror kill"));
    for (let hour = 0; hour < HOURS; hour++) {
      server.closeHour(FIRST_HOUR + hour, [], { pages: PAGES });
    }
    const { url } = await serve(server);
    for (const requests of [2, 4, 8]) {
      server.requests.length = 0;
      const child = startMirror(url);
      await vi.waitUntil(() => server.requests.length >= requests, {
        timeout: 20_000,
        interval: 1,
      });
      await kill(child);
    }
    const last = startMirror(url);
    try {
      const mirror = await urlOf(last);
      const copied = await vi.waitUntil(() => listedBy(mirror), { timeout: 20_000 });
      expect(copied).toEqual(server.list.hours);
      expect(server.requests.length).toBeLessThan(4 * REQUESTS);
      for (const { hour } of server.list.hours) {
        for (let page = 0; page < PAGES; page++) {
          const path = PATHS.page(hour, page);
          const body = Buffer.from(await (await fetch(mirror + path)).arrayBuffer());
          expect(body.equals(server.body(path)), path).toBe(true);
        }
      }
    } finally {
      await kill(last);
    }
  }, 60_000);
});

async function urlOf(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error("no pipe");
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /listening on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error("ended before it listened");
}

/** What a mirror lists once it has all; false before. */
async function listedBy(url: string): Promise<HoursList["hours"] | false> {
  const { hours } = (await (await fetch(url + PATHS.hours)).json()) as HoursList;
  return hours.length === HOURS && hours;
}
