import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Btvirt, startBtvirt } from "./btvirt.ts";
import { type FakedTime, startFakedTime } from "./faketime.ts";
import { Glowworm, glowworm } from "./glowworm.ts";
import { type RunningGpsd, startGpsd, type TrackPoint } from "./gpsd.ts";
import { UploadProxy } from "./upload-proxy.ts";

/** How one command ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly said: string;
}

/**
 * Everybody as a process of its own on one machine, on one time line that is ahead of the real one: emulated
 * Bluetooth controllers, a satellite receiver, and a proxy between relay and server. End it with `close`.
 */
export class Household {
  readonly folder: string;
  readonly btvirt: Btvirt;
  readonly proxy: UploadProxy = new UploadProxy();
  /** Everybody that was ever started, by role. */
  readonly started: { readonly role: "beacon" | "relay" | "server"; readonly process: Glowworm }[] =
    [];
  readonly #aheadMs: number;
  readonly #time: FakedTime;
  #proxyUrl = "";
  #gpsd: RunningGpsd | null = null;

  private constructor(folder: string, btvirt: Btvirt, aheadMs: number, time: FakedTime) {
    this.folder = folder;
    this.btvirt = btvirt;
    this.#aheadMs = aheadMs;
    this.#time = time;
  }

  static async open(aheadMs: number, track: readonly TrackPoint[]): Promise<Household> {
    const folder = await mkdtemp(join(tmpdir(), "glowworm-household-"));
    const household = new Household(
      folder,
      await startBtvirt(),
      aheadMs,
      await startFakedTime(aheadMs),
    );
    try {
      for (const name of ["laptop", "owner", "relay", "server"]) await mkdir(join(folder, name));
      household.#proxyUrl = await household.proxy.start();
      household.#gpsd = await startGpsd({ track, clockOffsetMs: aheadMs });
      return household;
    } catch (error) {
      await household.close();
      throw error;
    }
  }

  /** What the owner remembers as the server. */
  get serverUrl(): string {
    return this.#proxyUrl;
  }

  /** Now, as everybody here sees it. */
  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Runs a command of the owner's to its end. */
  owner(...args: readonly string[]): Promise<Ended> {
    return glowworm(args, { env: this.#env("owner"), cwd: join(this.folder, "owner") });
  }

  async startServer(): Promise<Glowworm> {
    const process = this.#start("server", ["server", "run", "--listen", "127.0.0.1:0"]);
    const [, url = ""] = await process.line(/listening on (http:\S+)/);
    this.proxy.target = url;
    return process;
  }

  async startRelay(): Promise<Glowworm> {
    const { btvirt } = this;
    const gpsd = `${this.#gpsd?.host}:${this.#gpsd?.port}`;
    const process = this.#start("relay", [
      ...["relay", "run", "--adapter", btvirt.adapter, "--server", this.#proxyUrl],
      ...["--gpsd", gpsd, "--max-delay", "0", "--assume-synchronised"],
    ]);
    await process.line(/^reporting$/);
    return process;
  }

  async startBeacon(...args: readonly string[]): Promise<Glowworm> {
    const { btvirt } = this;
    const process = this.#start("beacon", [
      ...["beacon", "run", "--adapter", btvirt.adapter, "--assume-synchronised", ...args],
    ]);
    await process.line(/^broadcasting on/);
    return process;
  }

  /** What everybody has said, for the reader of a failure. */
  transcript(): string {
    const uploads = [this.proxy.offered, this.proxy.acknowledged, this.proxy.unheard];
    const [offered, acknowledged, unheard] = uploads.map((records) => records.length);
    return [
      `uploads: ${offered} offered, ${acknowledged} acknowledged, ${unheard} unheard`,
      ...this.started.flatMap(({ role, process }) => [`${role}:`, ...process.lines]),
    ].join("\n");
  }

  async close(): Promise<void> {
    for (const { process } of this.started) await process.stop("SIGKILL");
    await this.proxy.stop();
    await this.#gpsd?.stop();
    await this.btvirt.stop();
    await this.#time.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #start(role: "beacon" | "relay" | "server", args: readonly string[]): Glowworm {
    const name = role === "beacon" ? "laptop" : role;
    const process = new Glowworm(args, { env: this.#env(name), cwd: join(this.folder, name) });
    this.started.push({ role, process });
    return process;
  }

  #env(name: string): Readonly<Record<string, string>> {
    const home = join(this.folder, name);
    return {
      ...this.#time.env,
      XDG_CONFIG_HOME: join(home, "config"),
      XDG_STATE_HOME: join(home, "state"),
      XDG_CACHE_HOME: join(home, "cache"),
    };
  }
}
