import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATHS, UPLOAD_RECORD_BYTES } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import {
  type Outbox,
  openOutbox,
  openTokenWallet,
  ServerClient,
  Uploader,
  UploadTokens,
} from "../../src/index.ts";
import { Issuer } from "./issuer.ts";

export const DAY_MS = 86_400_000;
export const NOON_MS: number = 20_778 * DAY_MS + DAY_MS / 2;
export const INVITE: Uint8Array = new Uint8Array(16).fill(5);
const SERVER = new URL("http://server.test");

/** An uploader with an invite, a real outbox and wallet in a folder of its own, and an invite-only server. */
export class InvitedScene {
  readonly clock: FakeClock = new FakeClock(NOON_MS);
  readonly issuer: Issuer = new Issuer(() => Math.floor(this.clock.nowMs() / DAY_MS));
  readonly folder: string = mkdtempSync(join(tmpdir(), "glowworm-tokens-"));
  readonly outbox: Outbox = openOutbox(this.folder, seededRandom("outbox")).outbox;
  uploader: Uploader = this.invited("first");
  #filled = 0;

  /** A relay that starts over the state folder as it is. */
  restart(seed: string, server?: URL): void {
    this.uploader = this.invited(seed, server);
  }

  /** An uploader with an invite, over the state folder as it is. */
  invited(seed: string, server: URL = SERVER): Uploader {
    const { clock, issuer, outbox } = this;
    const world = { clock, random: seededRandom(seed), fetch: issuer.fetch, server };
    const wallet = openTokenWallet(this.folder, server, world.random);
    const client = new ServerClient(world);
    const tokens = new UploadTokens({ ...world, invite: INVITE, wallet, client });
    return new Uploader({ ...world, outbox, tokens });
  }

  close(): void {
    this.outbox.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Puts reports into the outbox, all due. */
  fill(count: number): void {
    const now = Math.floor(this.clock.nowMs() / 1000);
    this.outbox.add(
      Array.from({ length: count }, () => {
        this.#filled++;
        const envelope = new Uint8Array(113).fill(this.#filled);
        envelope[0] = 1;
        const putId = new Uint8Array(32).fill(this.#filled >> 8);
        return { record: { putId, envelope }, notBefore: now, heardAt: now };
      }),
    );
  }

  /** Steps once a second, as a relay does. */
  async run(seconds: number): Promise<void> {
    for (let n = 0; n < seconds; n++) {
      await this.uploader.step();
      this.clock.advance(1000);
    }
  }

  /** Bodies of all uploads, in order. */
  get uploads(): readonly Uint8Array[] {
    return this.issuer.bodies(PATHS.sightings);
  }

  /** Records of each upload from the `first` on. */
  recordCounts(first = 0): readonly number[] {
    return this.uploads.slice(first).map((body) => body.length / UPLOAD_RECORD_BYTES);
  }
}
