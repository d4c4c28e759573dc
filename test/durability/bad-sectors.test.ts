import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { elsewhere, makeUnreadable, unreadable } from "./support/bad-sectors.ts";
import { Checker } from "./support/history.ts";
import { Sender } from "./support/load.ts";
import { MovedClock } from "./support/moved-clock.ts";
import { CLEAN, temporaryFolder } from "./support/place.ts";
import { Reader } from "./support/reader.ts";
import {
  hasClosed,
  hourOf,
  type Kind,
  namesOf,
  PATIENCE_MS,
  Scene,
  SEGMENT_MS,
  UNTIL_CLOSED_MS,
} from "./support/scene.ts";
import { ServerProcess, type ServerSettings } from "./support/server-process.ts";

const need = needs("strace");
const SOON_MS = 10_000;

describe.skipIf(need.skip)("a file of which a sector cannot be read", () => {
  const scene = new Scene();
  const clocks: MovedClock[] = [];
  beforeAll(() => scene.fill());
  afterAll(() => {
    for (const clock of clocks) clock.close();
  });

  /** A copy of the folder, and a clock as far ahead as the one that the folder was made by. */
  function copied(): { readonly folder: string; readonly clock: MovedClock } {
    const folder = temporaryFolder();
    cpSync(scene.place.folder, folder, { recursive: true });
    const clock = new MovedClock(temporaryFolder());
    clock.advance(scene.place.clock.nowMs() - Date.now());
    // A server that has started waits for the end of the segment: let that be soon.
    clock.advance(2 * SEGMENT_MS - SOON_MS - (clock.nowMs() % SEGMENT_MS));
    clocks.push(clock);
    return { folder, clock };
  }

  /** A report is taken. Returns its batch. */
  async function expectTaken(server: ServerProcess): Promise<number> {
    const sender = new Sender(scene.place.history);
    const batch = scene.place.history.newBatch();
    await eventually("a report to be taken", PATIENCE_MS, async () =>
      (await sender.send(server.url, batch)) === 201 ? true : null,
    );
    sender.close();
    return batch;
  }

  /** A report is taken; after a kill and when its hour is over it is published, with all that was not in the hour of a damaged file. */
  async function expectTheRest(
    server: ServerProcess,
    settings: ServerSettings & { readonly clock: MovedClock },
    kind: Kind,
  ): Promise<void> {
    const late = await expectTaken(server);
    await server.end("SIGKILL");
    const hour = hourOf(settings.clock);
    settings.clock.advance(UNTIL_CLOSED_MS);
    const again = await ServerProcess.start(settings);
    await eventually("the hour to close", PATIENCE_MS, () => hasClosed(again, hour));
    const { history } = scene.place;
    const checker = new Checker(history.workload);
    for await (const { records } of new Reader().closedHours(again.url)) checker.add(records);
    await again.end("SIGKILL");
    const { lost, ...others } = checker.verdict(history);
    expect({ lost: [], ...others }).toMatchObject(CLEAN);
    // What was sent to other copies is not here.
    const batches = new Set(lost.map((name) => Number(name.split("/")[0])));
    const here = [...batches].filter((batch) => batch < scene.firstLate || batch === late);
    expect(here.filter((batch) => !mayGoWith(kind, batch))).toEqual([]);
  }

  /** Whether a batch is in the hour that has a file of a kind. */
  function mayGoWith(kind: Kind, batch: number): boolean {
    if (kind === "small segment" || batch >= scene.firstLate) return false;
    return (kind === "closed hour") === batch < scene.firstOpen;
  }

  it.each<Kind>([
    ...(["closed hour", "database", "log"] as const),
    ...(["large segment", "small segment"] as const),
  ])("does not hold up a start when it is the %s", async (kind) => {
    const { folder, clock } = copied();
    const file = scene.file(kind);
    const under = unreadable(elsewhere(folder, file));
    const settings = { folder, clock, under };
    const server = await ServerProcess.start(settings);
    expect(server.damaged.map((path) => basename(path))).toEqual(namesOf(kind, file));
    await expectTheRest(server, settings, kind);
  });

  it.each<Kind>(["closed hour", "log", "large segment"])(
    "holds up nothing while the server runs when it is the %s",
    async (kind) => {
      const { folder, clock } = copied();
      const file = scene.file(kind);
      const server = await ServerProcess.start({ folder, clock });
      await expectTaken(server);
      const { ended } = await makeUnreadable(server, join(folder, file));
      try {
        if (kind === "closed hour") await expect(readClosed(server)).rejects.toThrow(": 503 ");
        // A segment is closed from the log, and an hour from its segments.
        else clock.advance(kind === "log" ? SEGMENT_MS : UNTIL_CLOSED_MS);
        await eventually("it to be found", PATIENCE_MS, async () =>
          server.damaged.length > 0 ? true : null,
        );
        expect(server.damaged.map((path) => basename(path))).toEqual(namesOf(kind, file));
        await expectTaken(server);
        await readClosed(server);
      } finally {
        await server.end("SIGKILL");
        await ended;
      }
    },
  );

  it.each<Kind>(["database", "log", "large segment"])(
    "costs nothing when it is the %s, and the third try reads it",
    async (kind) => {
      const { folder, clock } = copied();
      const under = unreadable(join(folder, scene.file(kind)), 2);
      const settings = { folder, clock, under };
      const server = await ServerProcess.start(settings);
      expect(server.damaged).toEqual([]);
      await expectTheRest(server, settings, "small segment");
    },
  );
});

async function readClosed(server: ServerProcess): Promise<void> {
  for await (const _ of new Reader().closedHours(server.url));
}
