import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type Outbox, openOutbox, Uploader } from "../../src/index.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** When a scene begins, in seconds. */
export const NOW = 1_800_000_000;
export const HOUR_MS = 3_600_000;

/** An uploader with a real outbox in a folder of its own, and a server on loopback that does what a test says. */
export class UploaderScene {
  readonly clock: FakeClock = new FakeClock(NOW * 1000);
  readonly server: ScriptedServer;
  readonly outbox: Outbox;
  readonly uploader: Uploader;
  readonly #folder: string;

  private constructor(server: ScriptedServer, url: URL) {
    this.server = server;
    this.#folder = mkdtempSync(join(tmpdir(), "glowworm-uploader-"));
    this.outbox = openOutbox(this.#folder, seededRandom("outbox")).outbox;
    const { clock, outbox } = this;
    const random = seededRandom("uploader");
    this.uploader = new Uploader({ fetch, server: url, outbox, clock, random });
  }

  /** @param path below which the server lives. */
  static async open(path = ""): Promise<UploaderScene> {
    const server = new ScriptedServer();
    return new UploaderScene(server, new URL(path, await server.start()));
  }

  async close(): Promise<void> {
    await this.server.stop();
    this.outbox.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** Puts reports into the outbox, all due; the first byte of each is its number. */
  fill(count: number): void {
    this.outbox.add(
      Array.from({ length: count }, (_, n) => {
        const envelope = new Uint8Array(113).fill(n);
        envelope[0] = 1;
        const record = { putId: new Uint8Array(32).fill(n), envelope };
        return { record, notBefore: NOW, heardAt: NOW };
      }),
    );
  }

  /** Steps until the outbox is empty, two hours apart: more than any wait. */
  async drain(): Promise<void> {
    for (let n = 0; n < 20 && this.outbox.size > 0; n++) {
      await this.uploader.step();
      this.clock.advance(2 * HOUR_MS);
    }
  }

  /** Milliseconds, in steps of a second, until the uploader tries again. */
  async waitMs(limit: number): Promise<number> {
    const before = this.server.seen.length;
    for (let waited = 0; waited <= limit; waited += 1000) {
      await this.uploader.step();
      if (this.server.seen.length > before) return waited;
      this.clock.advance(1000);
    }
    return Number.POSITIVE_INFINITY;
  }
}
