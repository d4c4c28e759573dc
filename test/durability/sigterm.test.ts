import { describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { Load } from "./support/load.ts";
import { CLEAN, Place, publish } from "./support/place.ts";
import { ServerProcess } from "./support/server-process.ts";

/** What operators are promised, and service managers wait for. */
const PROMISED_MS = 10_000;
const EXIT_OK = 0;
const EXIT_INTERRUPTED = 130;

describe("a server that is asked to end under load", () => {
  it("answers what it has begun, ends well within ten seconds, and has lost nothing", async () => {
    const { numRuns, seed } = effort(2, 15);
    const place = new Place(`sigterm ${seed}`);
    let slowestMs = 0;
    for (let run = 0; run < numRuns; run++) {
      // The machine's own clock: how long a stop waits is part of what is tested.
      const server = await ServerProcess.start({ folder: place.folder });
      const load = new Load(place.history, server.url);
      await load.more("yes", 5 + place.draw(50));
      const begun = performance.now();
      expect(await server.end("SIGTERM")).toEqual({ code: EXIT_OK, signal: null });
      const tookMs = performance.now() - begun;
      expect(tookMs).toBeLessThan(PROMISED_MS);
      slowestMs = Math.max(slowestMs, tookMs);
      await load.done;
    }
    const { open, closed } = await place.verdicts();
    const slowest = Math.round(slowestMs);
    publish("SIGTERM under load", { seed, stops: numRuns, slowestMs: slowest, ...closed.counts });
    expect(open).toMatchObject(CLEAN);
    expect(closed).toMatchObject(CLEAN);
    // A connection that is refused or closed before it was used is all that a sender may see.
    expect(closed.counts.unknownStored).toBe(0);
  });

  it("ends at once when it is asked twice, and has lost nothing", async () => {
    const { numRuns, seed } = effort(1, 16);
    const place = new Place(`sigterm twice ${seed}`);
    for (let run = 0; run < numRuns; run++) {
      const server = await ServerProcess.start({ folder: place.folder });
      const load = new Load(place.history, server.url);
      await load.more("yes", 5 + place.draw(50));
      server.signal("SIGTERM");
      server.signal("SIGINT");
      const { code } = await server.ended;
      expect([EXIT_OK, EXIT_INTERRUPTED]).toContain(code);
      await load.done;
    }
    const { open, closed } = await place.verdicts();
    expect(open).toMatchObject(CLEAN);
    expect(closed).toMatchObject(CLEAN);
  });
});
