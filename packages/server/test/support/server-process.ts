import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ServerLimits } from "@glowworm/server";
import { temporaryFolder } from "./fixtures.ts";

const PROGRAM = new URL("./server-process.mjs", import.meta.url).pathname;

/** How a server ends that nothing happened to. */
export const UNHARMED = { code: 0, said: "" } as const;

export interface ServerProcessOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly trustedProxies?: readonly string[];
  readonly dataFolder?: string;
}

/** The compiled server in a process of its own, on a port of its own. */
export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  #said = "";

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
    });
  }

  static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const all = { dataFolder: temporaryFolder(), ...options };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(all)], {
      stdio: ["ignore", "pipe", "pipe"],
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

  /** Ends it; its exit code, and everything it said: nobody can make it talk. */
  async stop(): Promise<{ readonly code: number | null; readonly said: string }> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    const [code] = (await closed) as [number | null];
    return { code, said: this.#said };
  }
}
