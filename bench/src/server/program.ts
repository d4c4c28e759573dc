import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const CLI = new URL("../../../packages/cli/bin/glowworm.js", import.meta.url).pathname;
const FORGET = new URL("forget.js", import.meta.url).href;
/** Long enough to check ten million reports one by one. */
const START_MS = 120_000;
/** What Linux counts processor time in, for every program on it. */
const TICKS_PER_SECOND = 100;

/** A program under measurement. */
export interface Program {
  readonly url: string;
  /** Milliseconds from its start until it listened. */
  readonly startMs: number;
  /** Resident memory, megabytes of 10^6 bytes: now, and the most there ever was. */
  memory(): { readonly now: number; readonly peak: number };
  /** Seconds of processor time so far, of all its threads: a measure that other work on the machine disturbs little. */
  cpuSeconds(): number;
  /** Lets it finish, and waits for its end. */
  stop(): Promise<void>;
}

/** How the server is started. */
export interface ServerFlags {
  /** What runs it, such as `taskset -c 0`. */
  readonly prefix?: readonly string[];
  /** Options of Node, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
}

/** `glowworm server run` on a folder, as an operator starts it. */
export function startServer(folder: string, flags: ServerFlags = {}): Promise<Program> {
  const options = flags.nodeOptions ?? [];
  const command = [process.execPath, ...options, CLI, "server", "run", "--data", folder];
  return startProgram([...(flags.prefix ?? []), ...command, "--listen", "127.0.0.1:0"]);
}

/** The same program, but its store forgets all it is given: what HTTP, checks and hashes cost. */
export function startForgetfulServer(folder: string): Promise<Program> {
  return startServer(folder, { nodeOptions: ["--import", FORGET] });
}

/** Starts a command and waits until it prints a URL. @throws when it ends before, with what it printed. */
export async function startProgram(command: readonly string[]): Promise<Program> {
  const began = performance.now();
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const end = (): boolean => child.kill("SIGKILL");
  process.once("exit", end);
  const url = await urlPrintedBy(child);
  const startMs = performance.now() - began;
  return {
    url,
    startMs,
    memory: () => memoryOf(child.pid ?? 0),
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode !== null) throw new Error(`${program} ended by itself`);
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
      process.removeListener("exit", end);
    },
  };
}

async function urlPrintedBy(child: ChildProcess): Promise<string> {
  const printed: string[] = [];
  return await new Promise<string>((resolve, reject) => {
    const fail = (): void => reject(new Error(`did not start: ${printed.join("\n")}`));
    const alarm = setTimeout(fail, START_MS);
    child.once("exit", fail);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on("line", (line) => {
        printed.push(line);
        const url = /http:\/\/[\w.:[\]]+/.exec(line)?.[0];
        if (url === undefined) return;
        clearTimeout(alarm);
        child.removeListener("exit", fail);
        resolve(url);
      });
    }
  });
}

function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (field: string): number => {
    const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
    return (Number(kibibytes) * 1024) / 1e6;
  };
  return { now: megabytes("VmRSS"), peak: megabytes("VmHWM") };
}

/** `utime` and `stime`, the 14th and 15th field: the second is a name in parentheses. */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
