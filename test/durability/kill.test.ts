import { HOUR_SECONDS, SEGMENT_SECONDS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { Load, Sender } from "./support/load.ts";
import { CLEAN, Place, publish } from "./support/place.ts";
import { ServerProcess } from "./support/server-process.ts";

const SEGMENT_MS = SEGMENT_SECONDS * 1000;
const HOUR_MS = HOUR_SECONDS * 1000;
/** Batches without an answer that are sent again, in the life after: a relay would send them all. */
const RETRIES = 3;
/** Every so many lives one ends before the server listens. */
const LIVES_UNTIL_EARLY_END = 8;

/** What happens to the clock during a life: nothing, or it goes on by this much, and what is over gets closed. */
const MOVES_MS = [0, 0, SEGMENT_MS, 600_000, 1_500_000, HOUR_MS + 120_000] as const;

interface Lives {
  readonly kills: number;
  readonly killedAtStart: number;
  readonly killedAtClosing: number;
}

/** One life after the other on one folder, each ended by SIGKILL at a moment that is drawn. */
async function killAgainAndAgain(place: Place, kills: number): Promise<Lives> {
  const retries = new Sender(place.history);
  let unanswered: readonly number[] = [];
  let killedAtStart = 0;
  let killedAtClosing = 0;
  for (let life = 0; life < kills; life++) {
    if (life % LIVES_UNTIL_EARLY_END === LIVES_UNTIL_EARLY_END - 1) {
      await endEarly(place);
      killedAtStart++;
      continue;
    }
    const server = await place.start();
    expect(server.damaged).toEqual([]);
    for (const batch of unanswered.slice(0, RETRIES)) {
      expect(await retries.send(server.url, batch)).toBe(201);
    }
    await readWhatIsNew(place, server.url);
    const load = new Load(place.history, server.url);
    await load.more("yes", 5 + place.draw(50));
    const moveMs = MOVES_MS[place.draw(MOVES_MS.length)] ?? 0;
    place.clock.advance(moveMs);
    if (moveMs > HOUR_MS) killedAtClosing++;
    await after(place.draw(moveMs > 0 ? 60_000 : 5000));
    await server.end("SIGKILL");
    await load.done;
    unanswered = load.unanswered;
  }
  retries.close();
  return { kills, killedAtStart, killedAtClosing };
}

/** Within the time a start takes, so that recovery, closing and listening are all hit. */
async function endEarly(place: Place): Promise<void> {
  const server = new ServerProcess({ folder: place.folder, clock: place.clock });
  await after(100_000 + place.draw(250_000));
  await server.end("SIGKILL");
}

/** Each segment once, and each closed hour that was not read before: whatever was served must stay as it is. */
async function readWhatIsNew(place: Place, url: string): Promise<void> {
  await place.reader.openSegments(url, (segment) => !place.reader.hasSegment(segment));
  for await (const { hour } of place.reader.closedHours(url, (hour) => !place.hours.has(hour))) {
    place.hours.add(hour);
  }
}

/** Moments between two turns of an event loop matter: a timer of whole milliseconds would miss most of them. */
async function after(microseconds: number): Promise<void> {
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
}

describe("a server that is killed under load", () => {
  it("has every report it said yes to, once, and no half batch", async () => {
    const { numRuns, seed } = effort(20, 2026);
    const place = new Place(`kill ${seed}`);
    const lives = await killAgainAndAgain(place, numRuns);
    const { open, closed } = await place.verdicts();
    publish("kill -9 under load", {
      seed,
      ...lives,
      answers: place.reader.answers,
      ...closed.counts,
    });
    expect(open).toMatchObject(CLEAN);
    expect(closed).toMatchObject(CLEAN);
    expect(closed.counts.yes).toBeGreaterThan(numRuns * 4);
  });
});
