import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const COMMAND = new URL("../../packages/cli/bin/glowworm.js", import.meta.url).pathname;
const PATIENCE_MS = 60_000;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes for standard input, which is closed afterwards. */
  readonly input?: string;
  /** Working folder. */
  readonly cwd?: string;
}

/** A running `glowworm` command: the compiled program in a process of its own. */
export class Glowworm {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #stdout = "";
  #waiting: (() => void)[] = [];

  constructor(args: readonly string[], options: RunOptions = {}) {
    const env = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...options.env };
    const place = options.cwd === undefined ? {} : { cwd: options.cwd };
    this.#child = spawn(process.execPath, [COMMAND, ...args], { env, ...place });
    this.#exited = once(this.#child, "close").then(([code]) => code as number | null);
    this.#child.stdin?.end(options.input ?? "");
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface(stream).on("line", (line) => this.#hear(line));
    }
  }

  /** The first line, said or yet to be said, that matches. Fails when the command ends without it. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    let ended = false;
    void this.#exited.then(() => {
      ended = true;
      this.#wake();
    });
    deadline.addEventListener("abort", () => this.#wake());
    for (;;) {
      for (const line of this.lines) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      if (ended || deadline.aborted) {
        throw new Error(`no line matches ${pattern}; it said:\n${this.lines.join("\n")}`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Everything on standard output, once the command has ended. */
  async output(): Promise<{ readonly code: number | null; readonly stdout: string }> {
    const code = await this.#exited;
    return { code, stdout: this.#stdout };
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#child.kill(signal);
    return await this.#exited;
  }

  #hear(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** Runs a command to its end. */
export async function glowworm(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly said: string }> {
  const running = new Glowworm(args, options);
  const { code, stdout } = await running.output();
  return { code, stdout, said: running.lines.join("\n") };
}
