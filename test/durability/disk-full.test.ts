import { encodeUploadBatch, PATHS, type Problem, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { needs } from "../support/needs.ts";
import { Load } from "./support/load.ts";
import { CLEAN, Place, publish } from "./support/place.ts";
import { canMount, SmallDisk } from "./support/small-disk.ts";
import { Workload } from "./support/workload.ts";

/** What a server leaves free on any disk, unless told otherwise. */
const WATERMARK_MB = 256;
const FULL_MB = WATERMARK_MB + 6;
const ROOM_MB = WATERMARK_MB + 24;

const NOES = 30;

const isMissing = needs("unshare", "nsenter").skip || !canMount();
if (isMissing) process.stderr.write("skipped: a disk that is full needs user namespaces\n");

async function ask(url: string, path: string): Promise<number> {
  const response = await fetch(url + path);
  await response.body?.cancel();
  return response.status;
}

/** What a sender is told. */
async function refusal(url: string): Promise<{ problem: Problem; retryAfter: string | null }> {
  const body = encodeUploadBatch(new Workload("refused, and not in the history").batch(36));
  const response = await fetch(url + PATHS.sightings, {
    method: "POST",
    headers: { "content-type": RECORDS_MEDIA_TYPE },
    body: new Uint8Array(body),
  });
  const problem = (await response.json()) as Problem;
  return { problem, retryAfter: response.headers.get("retry-after") };
}

describe.skipIf(isMissing)("a disk that is full", () => {
  it("is refused honestly, recovers by itself, survives a kill, and has lost nothing", async () => {
    const { numRuns, seed } = effort(1, 28);
    for (let run = 0; run < numRuns; run++) {
      const place = new Place(`full ${seed} ${run}`);
      const disk = await SmallDisk.mount(place.folder, FULL_MB);
      try {
        await fillAndRecover(place, disk);
        const { open, closed } = await place.verdicts({ under: disk.under });
        publish("disk full", { seed, turn: run, ...closed.counts });
        expect(open).toMatchObject(CLEAN);
        expect(closed).toMatchObject(CLEAN);
      } finally {
        await disk.unmount();
      }
    }
  });
});

async function fillAndRecover(place: Place, disk: SmallDisk): Promise<void> {
  const { under } = disk;
  const server = await place.start({ under });
  const load = new Load(place.history, server.url);
  await load.more("no", NOES);
  const { problem, retryAfter } = await refusal(server.url);
  expect(problem).toMatchObject({ status: 503, code: "store-unavailable" });
  expect(Number(retryAfter)).toBeGreaterThan(0);
  expect(await ask(server.url, PATHS.ready)).toBe(503);
  expect(await ask(server.url, PATHS.health)).toBe(200);
  expect(await ask(server.url, PATHS.hours)).toBe(200);

  disk.resize(ROOM_MB);
  await load.more("yes", NOES);
  expect(await ask(server.url, PATHS.ready)).toBe(200);
  await load.more("no", NOES);
  await server.end("SIGKILL");
  await load.done;

  // A full disk keeps nobody from reading what is published.
  const again = await place.start({ under });
  expect(await ask(again.url, PATHS.hours)).toBe(200);
  disk.resize(ROOM_MB + 24);
  const second = new Load(place.history, again.url);
  await second.more("yes", NOES);
  await second.stop();
  expect(await ask(again.url, PATHS.ready)).toBe(200);
  await again.end("SIGKILL");
  disk.resize(2 * ROOM_MB);
}
