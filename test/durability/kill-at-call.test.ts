import { HOUR_SECONDS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { needs } from "../support/needs.ts";
import { Load } from "./support/load.ts";
import { CLEAN, Place, publish } from "./support/place.ts";
import { ServerProcess } from "./support/server-process.ts";

const need = needs("strace");
const UNTIL_CLOSED_MS = (HOUR_SECONDS + 130) * 1000;
/** All calls that change what is on the disk, and about how often a start makes them that closes an hour. */
const CALLS = [
  ["rename", 2],
  ["pwrite64", 60],
  ["fsync", 16],
  ["unlink", 6],
  ["ftruncate", 6],
] as const;

/** Runs a program that is killed by the n-th call of a kind, counted for each of its threads. */
function killedAt(call: string, count: number): readonly string[] {
  const inject = `inject=${call}:signal=SIGKILL:when=${count}`;
  const quiet = ["-D", "-f", "-qqq", "-e", "signal=none", "-o", "/dev/null"];
  return ["strace", ...quiet, "-e", `trace=${call}`, "-e", inject];
}

describe.skipIf(need.skip)(
  "a server that is killed between two calls of a start that closes an hour",
  () => {
    it("finds nothing damaged at the next start, and has lost nothing", async () => {
      const { numRuns, seed } = effort(5, 5);
      const place = new Place(`kill at call ${seed}`);
      let kills = 0;
      for (let run = 0; run < numRuns; run++) {
        const server = await place.start();
        expect(server.damaged).toEqual([]);
        const load = new Load(place.history, server.url);
        await load.more("yes", 3);
        await server.end("SIGKILL");
        await load.done;
        place.clock.advance(UNTIL_CLOSED_MS);
        const [call, most] = CALLS[run % CALLS.length] ?? CALLS[0];
        const { folder, clock } = place;
        const closing = new ServerProcess({
          folder,
          clock,
          under: killedAt(call, 1 + place.draw(most)),
        });
        if (await closing.listens()) closing.signal("SIGKILL");
        else kills++;
        await closing.ended;
      }
      const { open, closed } = await place.verdicts();
      publish("kill -9 at a call", { seed, runs: numRuns, kills, ...closed.counts });
      expect(open).toMatchObject(CLEAN);
      expect(closed).toMatchObject(CLEAN);
      expect(kills).toBeGreaterThan(0);
    });
  },
);
