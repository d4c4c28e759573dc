import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Degrees. */
export interface TrackPoint {
  readonly latitude: number;
  readonly longitude: number;
}

export interface GpsdOptions {
  /** One point a second; the last one holds on. */
  readonly track: readonly TrackPoint[];
  /** How far the receiver's time is ahead of this machine's, milliseconds. */
  readonly clockOffsetMs?: number;
}

export interface RunningGpsd {
  readonly host: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Sentences for ten minutes. */
const TRACK_SECONDS = 600;
/**
 * gpsfake waits this long after a sentence, seconds; two of them make a second of receiver time. Measured: it takes
 * 10 ms more than it is told, so that receiver and clock stay together for minutes.
 */
const SENTENCE_SECONDS = 0.489;
const HOST = "127.0.0.1";

/** Starts the real gpsd, fed by gpsfake with a receiver that has a fix from now on. Needs both programs. */
export async function startGpsd(options: GpsdOptions): Promise<RunningGpsd> {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-gpsd-"));
  const file = join(folder, "track.nmea");
  const startMs = Date.now() + (options.clockOffsetMs ?? 0);
  writeFileSync(file, sentences(options.track, startMs).join(""));
  const port = await freePort();
  const args = ["-c", String(SENTENCE_SECONDS), "-q", "-n", "-S", "-P", String(port), file];
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin`;
  // A group of its own, so that the daemon it starts ends with it.
  const child = spawn("gpsfake", args, {
    env: { ...process.env, PATH: path },
    stdio: "ignore",
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    killGroup(child);
    await ended;
    rmSync(folder, { recursive: true });
  };
  try {
    await listening(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: HOST, port, stop };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function sentences(track: readonly TrackPoint[], startMs: number): readonly string[] {
  const last = track.at(-1);
  if (last === undefined) throw new Error("track: expected at least one point");
  return Array.from({ length: TRACK_SECONDS }, (_, second) => {
    const at = new Date(startMs + second * 1000);
    const place = nmeaPlace(track[second] ?? last);
    return (
      sentence(`GPRMC,${nmeaTime(at)},A,${place},0.0,0.0,${nmeaDate(at)},,,A`) +
      sentence(`GPGGA,${nmeaTime(at)},${place},1,08,1.0,100.0,M,30.0,M,,`)
    );
  });
}

function sentence(body: string): string {
  let sum = 0;
  for (const byte of Buffer.from(body, "latin1")) sum ^= byte;
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`;
}

function nmeaTime(at: Date): string {
  return `${at.toISOString().slice(11, 19).replaceAll(":", "")}.${pad(at.getUTCMilliseconds() / 10, 2)}`;
}

function nmeaDate(at: Date): string {
  return pad(at.getUTCDate(), 2) + pad(at.getUTCMonth() + 1, 2) + pad(at.getUTCFullYear() % 100, 2);
}

function nmeaPlace({ latitude, longitude }: TrackPoint): string {
  const south = latitude < 0 ? "S" : "N";
  const west = longitude < 0 ? "W" : "E";
  return `${nmeaAngle(latitude, 2)},${south},${nmeaAngle(longitude, 3)},${west}`;
}

/** Degrees and minutes without a separator, a millionth of a minute (2 mm) at the end. */
function nmeaAngle(degrees: number, digits: number): string {
  const micro = Math.round(Math.abs(degrees) * 60e6);
  const whole = Math.floor(micro / 60e6);
  const minutes = ((micro - whole * 60e6) / 1e6).toFixed(6).padStart(9, "0");
  return pad(whole, digits) + minutes;
}

function pad(value: number, digits: number): string {
  return String(Math.floor(value)).padStart(digits, "0");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

const START_TRIES = 200;
const START_PAUSE_MS = 50;

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    if (child.exitCode !== null) throw new Error(`gpsfake ended with code ${child.exitCode}`);
    if (await answers(port)) return;
    await delay(START_PAUSE_MS);
  }
  throw new Error("gpsd does not listen");
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
