import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CryptoSuite,
  epochOpener,
  equalBytes,
  openEnvelope,
  type PieceKind,
  putIdOf,
  type Sighting,
  type UploadRecord,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { uploadRecords } from "../../../../test/support/upload-records.ts";
import { type Outbox, openOutbox, Relay, type RelayOptions, Uploader } from "../../src/index.ts";
import { advert, pieceFrame, START_MS, TOKEN } from "./beacons.ts";
import { FakePosition, FakeScanner } from "./fakes.ts";

/** The secret behind the marks of the relay of a scene. */
export const RELAY_SECRET: Uint8Array = new Uint8Array(32).fill(9);

/** A beacon: its key, how the relay hears it, and what the relay's reports to it say. */
export interface SceneBeacon {
  readonly publicKey: Uint8Array;
  hear(kind: PieceKind, rssiDbm?: number | null, token?: Uint8Array): void;
  sightings(): readonly Sighting[];
}

/** A relay with a real outbox in a folder of its own; clock, radio, position and server do what a test says. */
export class RelayScene {
  readonly folder: string = mkdtempSync(join(tmpdir(), "glowworm-relay-"));
  readonly outbox: Outbox = openOutbox(this.folder, seededRandom("outbox")).outbox;
  readonly clock: FakeClock = new FakeClock(START_MS);
  readonly scanner: FakeScanner = new FakeScanner();
  readonly position: FakePosition = new FakePosition();
  readonly #crypto: CryptoSuite;
  readonly #uploads: Uint8Array[] = [];
  isSynchronised = true;
  isServerUp = true;
  trustAsked = 0;

  constructor(crypto: CryptoSuite) {
    this.#crypto = crypto;
  }

  end(): void {
    this.outbox.close();
    rmSync(this.folder, { recursive: true });
  }

  async started(change: Partial<RelayOptions> = {}): Promise<Relay> {
    const { clock, scanner, position, outbox } = this;
    const random = seededRandom("relay");
    const server = new URL("http://server.test");
    const fetch = (_url: string, init: RequestInit): Promise<Response> => this.#serve(init);
    const relay = new Relay({
      crypto: this.#crypto,
      clock,
      random,
      trust: { isSynchronised: () => this.#vouch() },
      scanner,
      position,
      outbox,
      uploader: new Uploader({ fetch, server, outbox, clock, random }),
      precision: "exact",
      relaySecret: RELAY_SECRET,
      maxDelayMs: 0,
      ...change,
    });
    await relay.start();
    return relay;
  }

  /** Steps as production does: once a second. */
  async run(relay: Relay, seconds: number): Promise<void> {
    for (let n = 0; n < seconds; n++) this.clock.advance(await relay.step());
  }

  /** What was uploaded, in order. */
  records(): readonly UploadRecord[] {
    return this.#uploads.flatMap((body) => uploadRecords(body));
  }

  beacon(seed: string): SceneBeacon {
    const crypto = this.#crypto;
    const secret = seededRandom(seed).bytes(32);
    const publicKey = crypto.x25519Base(secret);
    return {
      publicKey,
      hear: (kind, rssiDbm = -70, token = TOKEN) => {
        const frame = pieceFrame(crypto, publicKey, kind, token);
        this.scanner.hear(advert(frame, this.clock.nowMs(), rssiDbm));
      },
      sightings: () => {
        const putId = putIdOf(crypto, publicKey);
        const opener = epochOpener(crypto, secret);
        return this.records()
          .filter((record) => equalBytes(record.putId, putId))
          .map((record) => openEnvelope(crypto, opener, record.envelope))
          .filter((sighting) => sighting !== null);
      },
    };
  }

  async #serve(init: RequestInit): Promise<Response> {
    if (!this.isServerUp) throw new TypeError("fetch failed");
    this.#uploads.push(init.body as Uint8Array);
    return new Response(null, { status: 201 });
  }

  async #vouch(): Promise<boolean> {
    this.trustAsked++;
    return this.isSynchronised;
  }
}
