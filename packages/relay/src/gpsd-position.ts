import { connect, type Socket } from "node:net";
import type { Clock } from "@glowworm/protocol";
import { readGpsdLine } from "./gpsd-reports.ts";
import { LineSplitter } from "./lines.ts";
import type { Fix, PositionSource } from "./position.ts";

export interface GpsdOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
}

/** A fix older than this is refused: a car has moved on by 300 m. */
const FIX_AGE_MS_MAX = 10_000;
/** gpsd stamps a fix with the receiver's time, which may be a little ahead of ours. */
const FIX_AHEAD_MS_MAX = 2_000;
/** The protocol whose fields are read here; 3 since 2010. */
const PROTOCOL_MAJOR = 3;
const WATCH = '?WATCH={"enable":true,"json":true};\n';
/** A SKY report of many satellites is some 10 kB. */
const LINE_CHARACTERS_MAX = 65_536;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 60_000;

type Link = "stopped" | "connecting" | "not reachable" | "speaks another protocol" | "connected";

/** A live position from gpsd, over its JSON protocol. Between `start` and `stop` it keeps one connection alive. */
export class GpsdPosition implements PositionSource {
  readonly #options: GpsdOptions;
  #link: Link = "stopped";
  #device = "";
  #fix: Fix | null = null;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: GpsdOptions) {
    this.#options = options;
  }

  /** Begins to connect, and goes on trying until `stop`. */
  start(): void {
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Settles when the connection is closed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#link = "stopped";
    this.#fix = null;
  }

  current(nowMs: number): Fix | null {
    return this.#fix !== null && isTimely(this.#fix, nowMs) ? this.#fix : null;
  }

  describe(): string {
    return `gpsd at ${this.#options.host}:${this.#options.port}: ${this.#link}`;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let waitMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      this.#link = "connecting";
      if (await this.#talk(signal)) waitMs = RETRY_MS_MIN;
      await this.#options.clock.sleep(waitMs, signal);
      waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
    }
  }

  /** One connection, until it ends; whether gpsd answered as it should. */
  #talk(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const { host, port } = this.#options;
      const lines = new LineSplitter(LINE_CHARACTERS_MAX);
      const socket = connect({ host, port, keepAlive: true });
      const close = (): void => {
        socket.destroy();
      };
      signal.addEventListener("abort", close, { once: true });
      socket.setEncoding("latin1");
      socket.on("data", (chunk: string) => {
        for (const line of lines.push(chunk)) this.#read(line, socket);
      });
      // An error is always followed by `close`, which does the rest; without a listener it would end the process.
      socket.on("error", () => {});
      socket.on("end", close);
      socket.on("close", () => {
        signal.removeEventListener("abort", close);
        const isGood = this.#link === "connected";
        if (this.#link !== "speaks another protocol") this.#link = "not reachable";
        resolve(isGood);
      });
    });
  }

  #read(line: string, socket: Socket): void {
    const report = readGpsdLine(line);
    if (report.type === "version") {
      const isOurs = report.major === PROTOCOL_MAJOR;
      this.#link = isOurs ? "connected" : "speaks another protocol";
      if (isOurs) socket.write(WATCH);
      else socket.destroy();
    } else if (report.type === "position" && this.#link === "connected") {
      this.#take(report.device, report.fix);
    }
  }

  /** A receiver that lost its fix, or the time, takes back its own fix and not that of another receiver. */
  #take(device: string, fix: Fix | null): void {
    if (fix !== null && isTimely(fix, this.#options.clock.nowMs())) {
      this.#fix = fix;
      this.#device = device;
    } else if (device === this.#device) {
      this.#fix = null;
    }
  }
}

function isTimely(fix: Fix, nowMs: number): boolean {
  return fix.atMs >= nowMs - FIX_AGE_MS_MAX && fix.atMs <= nowMs + FIX_AHEAD_MS_MAX;
}
