import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A time line on which programs can be started. */
export interface FakedTime {
  /** For every program on it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The first line is the environment that `faketime` makes; then it stays until its input ends. */
const HOLDER = 'echo "$LD_PRELOAD;$FAKETIME_SHARED"; exec cat';
/** `faketime` names its shared memory after its process number, and gives up where one like it was left behind. */
const TRIES = 5;

/**
 * A wall clock ahead of this machine's. Needs `faketime`, which knows where its library is. Elapsed time stays as it
 * is, or every timer of Node would run wild. The shared memory is that of one `faketime` that lives as long: without
 * it every program makes its own, and leaves it behind.
 */
export async function startFakedTime(aheadMs: number): Promise<FakedTime> {
  for (let tries = 1; ; tries++) {
    const holder = spawn("faketime", ["-m", "-f", "+0s", "sh", "-c", HOLDER]);
    const ended = once(holder, "close");
    const line = await Promise.race([firstLine(holder), ended.then(() => null)]);
    if (line === null && tries < TRIES) continue;
    if (line === null) throw new Error("faketime does not start");
    const [library = "", shared = ""] = line.split(";");
    const stop = async (): Promise<void> => {
      holder.stdin.end();
      await ended;
    };
    return { env: environment(aheadMs, library, shared), stop };
  }
}

function environment(
  aheadMs: number,
  library: string,
  shared: string,
): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: library,
    FAKETIME: `+${(aheadMs / 1000).toFixed(3)}s`,
    FAKETIME_SHARED: shared,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  let said = "";
  for await (const chunk of stdout ?? []) {
    said += String(chunk);
    if (said.includes("\n")) break;
  }
  return said.trim();
}
