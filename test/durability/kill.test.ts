import { readdirSync } from "node:fs";
import { join } from "node:path";
import { HOUR_SECONDS, SEGMENT_SECONDS } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { Checker, type Verdict } from "./support/history.ts";
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

/** The same with days that pass: hours close and expire at the start and in the middle of every life. */
async function killWhileExpiring(place: Place, kills: number): Promise<Verdict> {
  const checker = new Checker(place.history.workload);
  for (let life = 0; life <= kills; life++) {
    const server = await place.start({ retention: 1 });
    for await (const { hour, records } of place.reader.closedHours(server.url, isNew(place))) {
      place.hours.add(hour);
      checker.add(records);
    }
    const { hours } = await place.reader.list(server.url);
    const newest = hours.at(-1)?.hour ?? 0;
    expect(hours.every(({ hour }) => hour > newest - 24)).toBe(true);
    expect(server.damaged).toEqual([]);
    if (life < kills) {
      const load = new Load(place.history, server.url);
      await load.more("yes", 5 + place.draw(20));
      await load.stop();
      // Less than half a day: what closes in this life is still there in the next.
      place.clock.advance(2 * HOUR_MS + place.draw(9 * HOUR_MS));
      await after(place.draw(60_000));
    } else {
      const kept = readdirSync(join(place.folder, "hours")).map((name) =>
        Number.parseInt(name, 10),
      );
      expect(kept.sort()).toEqual(hours.map(({ hour }) => hour));
    }
    await server.end("SIGKILL");
  }
  return checker.verdict(place.history);
}

function isNew(place: Place): (hour: number) => boolean {
  return (hour) => !place.hours.has(hour);
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
  for await (const { hour } of place.reader.closedHours(url, isNew(place))) {
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
    expect(closed).toMatchObject(CLEAN);
    expect(open).toMatchObject(CLEAN);
    expect(closed.counts.yes).toBeGreaterThan(numRuns * 4);
  });

  it("publishes every report until its time is over, and then has no file of it", async () => {
    const { numRuns, seed } = effort(6, 1970);
    const place = new Place(`expiry ${seed}`);
    const verdict = await killWhileExpiring(place, numRuns);
    publish("kill -9 while hours close and expire", { seed, kills: numRuns, ...verdict.counts });
    expect(verdict).toMatchObject(CLEAN);
  });
});
