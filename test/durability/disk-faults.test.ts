import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { effort } from "../support/effort.ts";
import { needs } from "../support/needs.ts";
import { Load, Sender } from "./support/load.ts";
import { CLEAN, Place, publish, temporaryFolder } from "./support/place.ts";

const need = needs("strace");
/** What a start on an empty folder needs, and some more: a fault that comes later hits the load. */
const CALLS_OF_A_START = 60;

/** Runs a program so that some of its system calls fail, counted for each of its threads, from `first` to `last` or for ever. */
function failing(calls: string, error: string, first: number, last?: number): readonly string[] {
  const when = last === undefined ? `${first}+` : `${first}..${last}`;
  const inject = `inject=${calls}:error=${error}:when=${when}`;
  const quiet = ["-D", "-f", "--seccomp-bpf", "-qqq", "-e", "signal=none", "-o", "/dev/null"];
  return ["strace", ...quiet, "-e", `trace=${calls}`, "-e", inject];
}

const FAULTS = [
  ["fsync,fdatasync", "EIO"],
  ["fsync,fdatasync", "ENOSPC"],
  ["pwrite64", "EIO"],
  ["pwrite64", "ENOSPC"],
] as const;

describe.skipIf(need.skip)("a disk that fails for a while", () => {
  it.each(FAULTS)("costs nothing acknowledged when %s says %s", async (calls, error) => {
    const { numRuns, seed } = effort(1, 41);
    for (let run = 0; run < numRuns; run++) {
      const place = new Place(`faults ${calls} ${error} ${seed} ${run}`);
      const first = CALLS_OF_A_START + place.draw(100);
      const last = first + place.draw(40);
      const server = await place.start({ under: failing(calls, error, first, last) });
      const load = new Load(place.history, server.url);
      await load.more("no", 1);
      await load.more("yes", 20);
      await server.end("SIGKILL");
      await load.done;
      await judge(place, `${calls}: ${error}`, {
        seed,
        turn: run,
        first,
        last,
        noes: load.count("no"),
      });
    }
  });

  it.each(FAULTS)("is survived when it fails with %s, %s until the end", async (calls, error) => {
    const { numRuns, seed } = effort(1, 42);
    for (let run = 0; run < numRuns; run++) {
      const place = new Place(`faults to the end ${calls} ${error} ${seed} ${run}`);
      const first = CALLS_OF_A_START + place.draw(100);
      const server = await place.start({ under: failing(calls, error, first) });
      const load = new Load(place.history, server.url);
      await load.more("no", 10 + place.draw(30));
      await server.end("SIGKILL");
      await load.done;
      await judge(place, `${calls}: ${error} until the end`, {
        seed,
        turn: run,
        first,
        noes: load.count("no"),
      });
    }
  });

  it("has a batch on disk before its second sender gets a yes, when the first was killed over it", async () => {
    const place = new Place("what a failed sync leaves behind");
    const server = await place.start({
      under: failing("fsync,fdatasync", "EIO", CALLS_OF_A_START),
    });
    const load = new Load(place.history, server.url, 1);
    await load.more("no", 1);
    await server.end("SIGKILL");
    await load.done;
    const trace = join(temporaryFolder(), "trace");
    const after = await place.start({ under: recording("fsync,fdatasync", trace) });
    const sender = new Sender(place.history);
    // Among them is the one that the kernel still has in memory, and no disk.
    for (const [batch, outcome] of place.history.outcomes()) {
      if (outcome !== "yes") expect(await sender.send(after.url, batch)).toBe(201);
    }
    const synced = readFileSync(trace, "utf8")
      .split("\n")
      .filter((line) => /sqlite>\)/.test(line));
    sender.close();
    await after.end("SIGKILL");
    expect(synced.join("\n")).toMatch(/open\/\d+\.sqlite>\)\s*= 0/);
  });
});

async function judge(place: Place, run: string, figures: Record<string, unknown>): Promise<void> {
  const { open, closed } = await place.verdicts();
  publish(run, { ...figures, ...closed.counts });
  // What the disk refused may be there all the same after a kill: it was in the kernel's memory.
  const found = { ...CLEAN, reneged: expect.any(Array) };
  expect(open).toMatchObject(found);
  expect(closed).toMatchObject(found);
}

/** Runs a program and writes each of its calls of a kind to a file, with the path of what they are about. */
function recording(calls: string, file: string): readonly string[] {
  return ["strace", "-D", "-f", "--seccomp-bpf", "-qqq", "-y", "-e", `trace=${calls}`, "-o", file];
}
