import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Fetch } from "@glowworm/platform";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { Mirror, type ReportStore } from "@glowworm/server";
import { onTestFinished } from "vitest";
import { gateDeps } from "../../src/http/gate-options.ts";
import { createHttpServer } from "../../src/http/http-server.ts";
import { crypto, HOUR_MS, NOON_MS, packed, someReports, temporaryFolder } from "./fixtures.ts";
import { openLocalStore, SmallDisk } from "./local-store.ts";
import { TestApp } from "./test-app.ts";

/** Reports of an hour of 65 pages: it has a filter. */
export const MANY: number = 64 * 256 + 1;

/** A server over a real store, reached by real HTTP, and whatever mirrors are made of it. */
export class MirrorScene {
  readonly clock: FakeClock = new FakeClock(NOON_MS);
  readonly folder: string = temporaryFolder();
  /** What was logged above `info`. */
  readonly said: string[] = [];
  /** What was logged at `info`. */
  readonly told: string[] = [];
  /** What the disk of a mirror has left. */
  freeBytes = 2 ** 40;
  /** Paths in the order in which they were asked for. */
  readonly asked: string[] = [];
  /** Answers that differ from the honest one, by path; given the honest one. */
  readonly lies = new Map<string, (honest: Response) => Response | Promise<Response>>();
  readonly store: ReportStore;
  readonly #http: HttpServer;
  readonly #port: number;

  private constructor(store: ReportStore, http: HttpServer, clock: FakeClock) {
    this.store = store;
    this.#http = http;
    this.#port = (http.address() as AddressInfo).port;
    this.clock = clock;
  }

  /** A server that has closed one hour for each count: with so many reports in it. */
  static async open(...counts: readonly number[]): Promise<MirrorScene> {
    const clock = new FakeClock(NOON_MS);
    const store = await openLocalStore(temporaryFolder(), new SmallDisk(), clock);
    const http = createHttpServer(
      new TestApp(store, clock).app.fetch,
      gateDeps({ clock, crypto, random: seededRandom("gate") }),
    );
    await once(http.listen(0, "127.0.0.1"), "listening");
    const scene = new MirrorScene(store, http, clock);
    onTestFinished(() => scene.#close());
    for (const [index, count] of counts.entries()) await scene.#closeHour(count, index);
    return scene;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Names of the files of copied hours, in order. */
  get hourFiles(): readonly string[] {
    return readdirSync(join(this.folder, "hours")).toSorted();
  }

  /** Starts a mirror of it in the folder of this scene. */
  async mirror(
    source: string = this.url,
  ): Promise<{ readonly mirror: Mirror; readonly url: string }> {
    const mirror = new Mirror({
      crypto,
      clock: this.clock,
      random: seededRandom("mirror"),
      fetch: this.fetch,
      source,
      dataFolder: this.folder,
      host: "127.0.0.1",
      port: 0,
      signal: new AbortController().signal,
      freeBytes: () => this.freeBytes,
      log: ({ level, text }) => (level === "info" ? this.told : this.said).push(text),
    });
    const { url } = await mirror.start();
    onTestFinished(() => mirror.stop());
    return { mirror, url };
  }

  /** The same, after it has copied all there is. */
  async copied(): Promise<{ readonly mirror: Mirror; readonly url: string }> {
    const started = await this.mirror();
    await copyAll(started.mirror);
    return started;
  }

  /** Leaves in the folder what a mirror remembers that read all lists of a day but one, and `oldest` as the first hour of each. */
  almostADay(oldest: number): void {
    writeFileSync(join(this.folder, "oldest-listed"), `${oldest}\n`.repeat(287));
  }

  readonly fetch: Fetch = async (url, init) => {
    const path = url.slice(this.url.length);
    this.asked.push(path);
    const honest = await fetch(url, init);
    return (await this.lies.get(path)?.(honest)) ?? honest;
  };

  /** The server of the hours takes no connection any more, and cuts those it has. */
  async goAway(): Promise<void> {
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#http.closeAllConnections();
    await closed;
  }

  async comeBack(): Promise<void> {
    await once(this.#http.listen(this.#port, "127.0.0.1"), "listening");
  }

  async #closeHour(count: number, index: number): Promise<void> {
    const random = seededRandom(`hour ${index} of ${count}`);
    for (let at = 0; at < count; at += 4096) {
      await this.store.put(packed(someReports(random, Math.min(4096, count - at))));
    }
    this.clock.advance(index === 0 ? HOUR_MS + 120_000 : HOUR_MS);
    await this.store.maintain();
  }

  async #close(): Promise<void> {
    await this.goAway();
    await this.store.close();
  }
}

/** Takes steps until the mirror wants to wait. */
export async function copyAll(mirror: Mirror): Promise<number> {
  for (let steps = 0; steps < 100; steps++) {
    const waitMs = await mirror.step();
    if (waitMs > 0) return waitMs;
  }
  throw new Error("still not done");
}
