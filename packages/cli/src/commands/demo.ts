import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoEvent, type Found, runDemo } from "@glowworm/demo";
import { type ExitName, Failure } from "@glowworm/platform";
import type { Command, Invocation } from "../command.ts";
import { isGiven, numberOption, usage } from "../options.ts";
import { assertNoWords } from "../positionals.ts";
import { progressLine } from "../progress.ts";

const HELP = `usage: glowworm demo [--seed N] [--json]

An evening in a simulated town: a laptop is left behind, carried off and left elsewhere; relays walk by; the owner looks.
Needs no Bluetooth, no root and no server.

  --seed N   another evening; the same number is the same evening again (default 1)
  --json     one JSON object a line; the last is {"event":"found",...}`;

const SEED_MAX = 2 ** 31;

/** `glowworm demo`: the whole path in one process. */
export const demoCommand: Command = {
  name: "demo",
  summary: "see the whole path in a simulated town, in under a minute",
  help: HELP,
  options: { seed: { type: "string" }, json: { type: "boolean" } },
  run,
};

async function run(invocation: Invocation): Promise<ExitName> {
  const { values, positionals, signal } = invocation;
  assertNoWords(positionals, "demo");
  const seed = numberOption(values, "seed", { min: 0, max: SEED_MAX, otherwise: 1 });
  if (!Number.isInteger(seed)) throw usage("--seed: expected a whole number", "--seed 1");
  const onEvent = isGiven(values, "json") ? jsonTeller(invocation) : plainTeller(invocation);
  const folder = mkdtempSync(join(tmpdir(), "glowworm-demo-"));
  try {
    const found = await runDemo({ seed, folder, signal, onEvent });
    return found === null ? "notFound" : "ok";
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Failure("interrupted", "stopped before the end", "glowworm demo", { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Teller = (event: DemoEvent) => void;

function jsonTeller({ out }: Invocation): Teller {
  return (event) => out(JSON.stringify(event));
}

function plainTeller({ out, say }: Invocation): Teller {
  const progress = progressLine();
  return (event) => {
    progress.clear();
    switch (event.event) {
      case "start":
        return say(
          `${clockOf(event.at)}  a laptop is left somewhere in town and begins to glow; ${event.relays} relays are about (seed ${event.seed})`,
        );
      case "progress":
        return progress.show(
          `${clockOf(event.at)}  ${event.heardBy} relays have heard it, the server holds ${event.reports} sealed reports`,
        );
      case "first-fix":
        return say(
          `${clockOf(event.at)}  first place on the owner's screen, ${event.secondsToFirstFix} s after it began to glow`,
        );
      case "moved":
        return say(
          `${clockOf(event.at)}  ${event.isTaken ? "somebody carries it off" : "it is left elsewhere"}`,
        );
      case "found":
        return foundLines(event).forEach(out);
      case "not-found":
        return out(`${event.device}: no relay came near it`);
    }
  };
}

function foundLines(found: Found): readonly string[] {
  const place = `${found.lat.toFixed(5)},${found.lon.toFixed(5)}`;
  return [
    "",
    `${found.device} was last seen at ${place} (geo:${place};u=${found.accuracyMetres})`,
    `  time       ${found.seenAt.replace("T", " ").slice(0, 19)} UTC`,
    `  accuracy   ${found.accuracyMetres} m`,
    `  agreeing   ${found.relays} ${found.relays === 1 ? "relay" : "relays"}`,
    `  the truth  ${found.errorMetres} m from there`,
    `  first fix  ${found.secondsToFirstFix} s after it began to glow`,
    "",
    "With your own laptop: npx glowworm init, then npx glowworm device add laptop; README.md, section",
    '"With your own laptop", has the rest.',
  ];
}

function clockOf(at: string): string {
  return at.slice(11, 19);
}
