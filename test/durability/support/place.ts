import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_SECONDS, SEGMENT_SECONDS, segmentOf } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterAll } from "vitest";
import { Checker, History, type Verdict } from "./history.ts";
import { MovedClock } from "./moved-clock.ts";
import { Reader } from "./reader.ts";
import { ServerProcess, type ServerSettings } from "./server-process.ts";
import { Workload } from "./workload.ts";

/** Past the end of the hour of an arrival, and its close. */
const UNTIL_CLOSED_MS: number = (HOUR_SECONDS + 130) * 1000;

/** A verdict in which nothing is wrong. */
export const CLEAN = { lost: [], doubled: [], invented: [], torn: [], reneged: [] } as const;

type Settings = Omit<ServerSettings, "folder" | "clock">;

const folders: string[] = [];
const clocks: MovedClock[] = [];

afterAll(() => {
  for (const clock of clocks.splice(0)) clock.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder, removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-durability-"));
  folders.push(folder);
  return folder;
}

/** One data folder with its clock, the history of what was sent to it, and a reader of what it publishes. */
export class Place {
  readonly folder: string = temporaryFolder();
  readonly clock: MovedClock = new MovedClock(temporaryFolder());
  readonly history: History;
  readonly reader: Reader = new Reader();
  /** Closed hours that were read during the run. */
  readonly hours: Set<number> = new Set();
  /** Draws the moments at which something happens. */
  readonly random: ReturnType<typeof seededRandom>;

  constructor(seed: string, sizeOf?: (batch: number) => number) {
    clocks.push(this.clock);
    this.random = seededRandom(`${seed} moments`);
    this.history = new History(new Workload(seed, sizeOf));
  }

  /** A whole number from 0 to `below`, exclusive. */
  draw(below: number): number {
    const [a = 0, b = 0, c = 0] = this.random.bytes(3);
    return Math.floor(((a * 65_536 + b * 256 + c) / 2 ** 24) * below);
  }

  async start(settings: Settings = {}): Promise<ServerProcess> {
    return await ServerProcess.start({ ...settings, folder: this.folder, clock: this.clock });
  }

  /**
   * What became of everything that was sent: once as it can be read when the newest segment is over, and once more from
   * another process when every hour is closed.
   */
  async verdicts(settings: Settings = {}): Promise<{
    readonly open: Verdict;
    readonly closed: Verdict;
  }> {
    const open = await this.#verdictAfter(2 * SEGMENT_SECONDS * 1000, settings);
    return { open, closed: await this.#verdictAfter(UNTIL_CLOSED_MS, settings) };
  }

  async #verdictAfter(ms: number, settings: Settings): Promise<Verdict> {
    const newest = segmentOf(Math.floor(this.clock.nowMs() / 1000));
    this.clock.advance(ms);
    const server = await this.start(settings);
    try {
      const checker = new Checker(this.history.workload);
      for await (const records of this.reader.everything(server.url, newest)) checker.add(records);
      return checker.verdict(this.history);
    } finally {
      await server.end("SIGKILL");
    }
  }
}

/** Says what a run has shown, where the figures are collected from. */
export function publish(run: string, figures: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`figures: ${JSON.stringify({ run, ...figures })}\n`);
}
