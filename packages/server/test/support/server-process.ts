import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ServerLimits } from "@glowworm/server";
import { temporaryFolder } from "./fixtures.ts";

const PROGRAM = new URL("./server-process.mjs", import.meta.url).pathname;

export interface ServerProcessOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly trustedProxies?: readonly string[];
  readonly dataFolder?: string;
}

/** The compiled server in a process of its own, on a port of its own. */
export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const all = { dataFolder: temporaryFolder(), ...options };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(all)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return new ServerProcess(child, Number(new URL(String(line).trim()).port));
  }

  /** Megabytes of memory that are in use now, and that were in use at most. */
  memory(): { readonly nowMb: number; readonly peakMb: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    const of = (name: string): number =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
    return { nowMb: of("VmRSS"), peakMb: of("VmHWM") };
  }

  /** Ends it; its exit code. */
  async stop(): Promise<number | null> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const [code] = (await exited) as [number | null];
    return code;
  }
}
