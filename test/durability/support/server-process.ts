import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { MovedClock } from "./moved-clock.ts";

const PROGRAM = new URL("../../../packages/cli/bin/glowworm.js", import.meta.url).pathname;

/** All load comes from one network, and more of it than one network may send. */
const UNLIMITED = {
  GLOWWORM_LIMITS_RECORDS_PER_MINUTE: "1000000000",
  GLOWWORM_LIMITS_RECORDS_AT_ONCE: "1000000000",
  GLOWWORM_LIMITS_BYTES_PER_MINUTE: "1000000000000",
  GLOWWORM_LIMITS_BYTES_AT_ONCE: "1000000000000",
} as const;

export interface ServerSettings {
  readonly folder: string;
  readonly clock?: MovedClock;
  /** Days; what the server takes for its default when absent. */
  readonly retention?: number;
  /** A command before the program: what watches it, or where it runs. It must become the program, or end with it. */
  readonly under?: readonly string[];
}

/** How a server ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `glowworm server run`, compiled, in a process of its own. */
export class ServerProcess {
  /** What it said, line by line. */
  readonly lines: string[] = [];
  /** Resolves when it is gone. */
  readonly ended: Promise<End>;
  readonly #child: ChildProcess;
  #url: string | undefined;
  #waiting: (() => void)[] = [];

  constructor({ folder, clock, retention, under = [] }: ServerSettings) {
    const program = [process.execPath, ...(clock?.args ?? []), PROGRAM];
    const options = ["server", "run", "--data", folder, "--listen", "127.0.0.1:0"];
    if (retention !== undefined) options.push("--retention", String(retention));
    const [command = "", ...args] = [...under, ...program, ...options];
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: "/nonexistent",
      ...UNLIMITED,
      ...clock?.env,
    };
    this.#child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    this.ended = once(this.#child, "close").then(([code, signal]) => {
      for (const wake of this.#waiting.splice(0)) wake();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
    if (this.#child.stderr !== null) {
      createInterface(this.#child.stderr).on("line", (line) => this.#hear(line));
    }
  }

  /** Starts one and waits until it serves. */
  static async start(settings: ServerSettings): Promise<ServerProcess> {
    const server = new ServerProcess(settings);
    if (await server.listens()) return server;
    throw new Error(`the server ended before it listened:\n${server.lines.join("\n")}`);
  }

  /** True once it serves, false when it ended before. */
  async listens(): Promise<boolean> {
    if (this.#url === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#url !== undefined;
  }

  /** Where it serves. */
  get url(): string {
    if (this.#url === undefined) throw new Error("the server does not listen");
    return this.#url;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the server was not started");
    return this.#child.pid;
  }

  /** Files it found damaged and set aside, as it names them. */
  get damaged(): readonly string[] {
    return this.lines.flatMap((line) => /damaged, set aside as (.+)$/.exec(line)?.[1] ?? []);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<End> {
    this.signal(signal);
    return await this.ended;
  }

  #hear(line: string): void {
    this.lines.push(line);
    const url = /listening on (http:\S+)/.exec(line)?.[1];
    if (url === undefined) return;
    this.#url = url;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
