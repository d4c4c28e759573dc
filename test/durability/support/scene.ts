import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { HOUR_SECONDS, hourOfSegment, SEGMENT_SECONDS } from "@glowworm/protocol";
import { eventually } from "../../support/eventually.ts";
import { Load } from "./load.ts";
import type { MovedClock } from "./moved-clock.ts";
import { Place } from "./place.ts";
import { Reader } from "./reader.ts";
import type { ServerProcess } from "./server-process.ts";

/** Past the end of the hour of an arrival, and its close. */
export const UNTIL_CLOSED_MS: number = (HOUR_SECONDS + 130) * 1000;
export const SEGMENT_MS: number = SEGMENT_SECONDS * 1000;
export const PATIENCE_MS = 60_000;
const SMALL_BYTES = 10_000;

/** Kinds of files in a data folder. */
export type Kind = "closed hour" | "database" | "log" | "large segment" | "small segment";

/** A folder with a closed hour and an open one, which has a large segment, small ones and reports in the log; left by SIGKILL. */
export class Scene {
  readonly place: Place = new Place("bad sectors");
  /** First batch in the open hour, and the first that is not in the folder. */
  firstOpen = 0;
  firstLate = 0;

  async fill(): Promise<void> {
    const { place } = this;
    const server = await place.start();
    this.firstOpen = await this.#load(server);
    const hour = hourOf(place.clock);
    place.clock.advance(UNTIL_CLOSED_MS);
    await eventually("the hour to close", PATIENCE_MS, () => hasClosed(server, hour));
    await this.#load(server);
    place.clock.advance(SEGMENT_MS);
    const isFiled = (): boolean => this.#open().some(({ kind }) => kind === "large segment");
    await eventually("a segment to close", PATIENCE_MS, async () => isFiled() || null);
    this.firstLate = await this.#load(server);
    await server.end("SIGKILL");
  }

  /** The file of a kind, below the folder. */
  file(kind: Kind): string {
    if (kind === "closed hour") return join("hours", this.#names("hours")[0] ?? "");
    const found = this.#open().find((file) => file.kind === kind);
    if (found === undefined) throw new Error(`there is no ${kind}`);
    return join("open", found.name);
  }

  #open(): readonly { readonly name: string; readonly kind: Kind | null }[] {
    return this.#names("open").map((name) => ({ name, kind: this.#kindOf(name) }));
  }

  #kindOf(name: string): Kind | null {
    if (name.endsWith(".sqlite")) return "database";
    if (name.endsWith("-wal")) return "log";
    if (!name.endsWith(".segment")) return null;
    const { size } = statSync(join(this.place.folder, "open", name));
    return size > SMALL_BYTES ? "large segment" : "small segment";
  }

  #names(folder: string): readonly string[] {
    return readdirSync(join(this.place.folder, folder));
  }

  /** Returns the batch that would be next. */
  async #load(server: ServerProcess): Promise<number> {
    const { history } = this.place;
    const load = new Load(history, server.url, 4);
    await load.more("yes", 30);
    await load.stop();
    return 1 + Math.max(...history.entries.map(({ batch }) => batch));
  }
}

/** True when an hour from `from` on is closed, otherwise null. */
export async function hasClosed(server: ServerProcess, from: number): Promise<true | null> {
  const { hours } = await new Reader().list(server.url);
  return hours.some(({ hour }) => hour >= from) || null;
}

/** The hour that a clock shows. */
export function hourOf(clock: MovedClock): number {
  return Math.floor(clock.nowMs() / 1000 / HOUR_SECONDS);
}

/** What is named when a file is set aside; nothing for a small segment, which is written again. */
export function namesOf(kind: Kind, file: string): readonly string[] {
  if (kind === "small segment") return [];
  const segment = /(\d+)\.segment$/.exec(file)?.[1];
  const name = segment === undefined ? basename(file) : `${hourOfSegment(Number(segment))}.sqlite`;
  return [`${name.replace(/-wal$/, "")}.1`];
}
