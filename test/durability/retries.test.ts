import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { systemRandom } from "@glowworm/platform";
import { openOutbox } from "@glowworm/relay";
import { describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { CuttingProxy } from "./support/cutting-proxy.ts";
import { Sender } from "./support/load.ts";
import { CLEAN, Place, publish, temporaryFolder } from "./support/place.ts";

const UPLOADER = new URL("./support/upload-outbox.mjs", import.meta.url).pathname;
const BATCHES = 120;
const TIMES_MAX = 5;
const SENDERS = 6;
const RELAY_REPORTS = 1500;
const RELAY_KILLS = 4;

/** Every batch one to five times, in an order that is drawn. */
function shuffled(place: Place): number[] {
  const order = Array.from({ length: BATCHES }, () => place.history.newBatch()).flatMap((batch) =>
    Array.from({ length: 1 + place.draw(TIMES_MAX) }, () => batch),
  );
  for (let at = order.length - 1; at > 0; at--) {
    const other = place.draw(at + 1);
    [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
  }
  return order;
}

describe("a network that cuts connections", () => {
  it("changes nothing: what is stored is what was sent, each once, whatever was repeated", async () => {
    const { numRuns, seed } = effort(1, 63);
    for (let run = 0; run < numRuns; run++) {
      const place = new Place(`retries ${seed} ${run}`);
      const proxy = new CuttingProxy((below) => place.draw(below));
      const url = await proxy.start();
      const order = shuffled(place);
      const rest = order.splice(order.length / 2);
      const sender = new Sender(place.history, SENDERS);
      for (const part of [order, rest]) {
        const server = await place.start();
        proxy.target = server.url;
        const send = async (): Promise<void> => {
          for (let batch = part.pop(); batch !== undefined; batch = part.pop()) {
            while ((await sender.send(url, batch)) !== 201);
          }
        };
        await Promise.all(Array.from({ length: SENDERS }, send));
        await server.end("SIGKILL");
      }
      sender.close();
      await proxy.stop();
      const { open, closed } = await place.verdicts();
      const uploads = place.history.entries.length / 2;
      publish("retries, reorderings, cuts", { seed, uploads, cuts: proxy.cuts, ...closed.counts });
      for (const verdict of [open, closed]) {
        expect(verdict).toMatchObject(CLEAN);
        expect(verdict.counts.yes).toBe(BATCHES);
      }
      expect(proxy.cuts).toBeGreaterThan(0);
    }
  });

  it("and a relay that is killed again and again bring every report of its outbox once", async () => {
    const { numRuns, seed } = effort(1, 64);
    for (let run = 0; run < numRuns; run++) {
      const place = new Place(`outbox ${seed} ${run}`, () => 1);
      const proxy = new CuttingProxy((below) => place.draw(below));
      const url = await proxy.start();
      const server = await place.start();
      proxy.target = server.url;
      const relay = temporaryFolder();
      fillOutbox(place, relay);
      for (let kill = 0; kill < RELAY_KILLS; kill++) {
        await upload(relay, url, amidst(proxy, 1 + place.draw(5), place.draw(60)));
      }
      proxy.mend();
      expect(await upload(relay, url, null)).toBe(0);
      for (let batch = 0; batch < RELAY_REPORTS; batch++) place.history.note(batch, "yes");
      await server.end("SIGKILL");
      await proxy.stop();
      const { open, closed } = await place.verdicts();
      publish("relay killed", { seed, kills: RELAY_KILLS, cuts: proxy.cuts, ...closed.counts });
      expect(open).toMatchObject(CLEAN);
      expect(closed).toMatchObject(CLEAN);
      expect(proxy.cuts).toBeGreaterThan(0);
    }
  });
});

/** A moment after so many connections, and some milliseconds. */
async function amidst(proxy: CuttingProxy, connections: number, ms: number): Promise<void> {
  for (let count = 0; count < connections; count++) await proxy.connection();
  await delay(ms);
}

function fillOutbox(place: Place, folder: string): void {
  const heardAt = Math.floor(Date.now() / 1000);
  const { outbox } = openOutbox(folder, systemRandom);
  for (let report = 0; report < RELAY_REPORTS; report++) {
    const batch = place.history.newBatch();
    place.history.note(batch, "sent");
    const [record] = place.history.workload.batch(batch);
    if (record !== undefined) outbox.add([{ record, notBefore: 0, heardAt }]);
  }
  outbox.close();
}

/** Exit code of an uploader, which is killed at a moment unless that is null. */
async function upload(
  folder: string,
  url: string,
  moment: Promise<void> | null,
): Promise<number | null> {
  const relay = spawn(process.execPath, [UPLOADER, folder, url], { stdio: "inherit" });
  const ended = once(relay, "close");
  if (moment !== null) {
    await Promise.race([moment, ended]);
    relay.kill("SIGKILL");
  }
  const [code] = await ended;
  return code as number | null;
}
