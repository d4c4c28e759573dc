import type { ClockTrust, Failure } from "@glowworm/platform";
import {
  type Clock,
  type CryptoSuite,
  decodeAdvertisement,
  type Frame,
  type RandomSource,
  randomFraction,
  type Stepper,
  toHex,
  type UploadRecord,
  WeakKeyError,
} from "@glowworm/protocol";
import type { Advert, Scanner } from "@glowworm/radio";
import { Assembler, type HeardKey } from "./assembler.ts";
import type { Outbox, SealedReport } from "./outbox.ts";
import { ReportPolicy } from "./policy.ts";
import type { Fix, PositionSource } from "./position.ts";
import { coarsen, type Precision } from "./precision.ts";
import { sealReport } from "./report.ts";
import { type Condition, type RelayStatus, type Tallies, zeroTallies } from "./status.ts";
import type { Uploader } from "./uploader.ts";

export interface RelayOptions {
  readonly crypto: CryptoSuite;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly trust: Pick<ClockTrust, "isSynchronised">;
  readonly scanner: Scanner;
  readonly position: PositionSource;
  readonly outbox: Pick<Outbox, "add" | "dropExpired" | "size" | "droppedFull" | "droppedExpired">;
  readonly uploader: Uploader;
  readonly precision: Precision;
  /** 32 random bytes of this relay's own. */
  readonly relaySecret: Uint8Array;
  /** Longest random wait of a report before its upload, milliseconds. */
  readonly maxDelayMs: number;
}

const STEP_MS = 1000;
/**
 * Time a key is listened to before it is sealed: 10 to 20 frames, enough for the most frequent token to mean
 * something and for the strongest signal to be known.
 */
const SETTLE_MS = 2000;
const TRUST_INTERVAL_MS = 60_000;
/** Keys that wait for the next step. Who invents more pushes the oldest out; a beacon is back with its next frame. */
const PENDING_MAX = 4096;

/**
 * Hears, seals and uploads. Invariants: a place leaves it sealed or not at all; without a place or a synchronised clock
 * nothing heard is kept; hearing never waits and never throws.
 * @see docs/protocol.md section 9.2
 */
export class Relay implements Stepper {
  readonly #options: RelayOptions;
  readonly #assembler: Assembler;
  readonly #policy: ReportPolicy;
  /** Keys heard since they were last decided on. */
  #pending = new Set<HeardKey>();
  #tallies: Tallies = zeroTallies();
  #isSynchronised = false;
  #trustAskedMs = Number.NEGATIVE_INFINITY;
  #lost: Failure | null = null;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#assembler = new Assembler(options.crypto);
    this.#policy = new ReportPolicy(options.random);
  }

  /** Begins to hear. @throws {Failure} of the scanner. */
  async start(): Promise<void> {
    await this.#askTrust();
    await this.#options.scanner.start(
      (advert) => this.#hear(advert),
      (failure) => {
        this.#lost = failure;
      },
    );
  }

  /**
   * Seals what is due and uploads what has waited. Returns the milliseconds until the next call.
   * @throws {Failure} when the radio is gone for good, or the disk takes nothing more.
   */
  async step(): Promise<number> {
    const nowMs = this.#options.clock.nowMs();
    await this.#askTrust();
    this.#assembler.expire(nowMs);
    this.#seal(SETTLE_MS);
    if (this.#lost !== null) throw this.#lost;
    // A clock that nobody vouches for may show 2099: it must not make the outbox look old.
    if (this.#isSynchronised) this.#options.outbox.dropExpired(Math.floor(nowMs / 1000));
    await this.#options.uploader.step();
    return STEP_MS;
  }

  /** Stops hearing and seals what was heard; it is uploaded after the next start. */
  async stop(): Promise<void> {
    try {
      await this.#options.scanner.stop();
    } finally {
      this.#seal(0);
    }
  }

  /** How the relay is doing: numbers, nobody's identity. */
  status(): RelayStatus {
    const { outbox, uploader } = this.#options;
    return {
      ...this.#tallies,
      condition: this.#condition(),
      server: uploader.state,
      uploaded: uploader.uploaded,
      refused: uploader.refused,
      waiting: outbox.size,
      droppedFull: outbox.droppedFull,
      droppedExpired: outbox.droppedExpired,
      remembered: this.#assembler.size + this.#policy.size,
    };
  }

  #condition(): Condition {
    if (!this.#isSynchronised) return "clock-unsynchronised";
    const { position, clock } = this.#options;
    return position.current(clock.nowMs()) === null ? "no-position" : "reporting";
  }

  #hear(advert: Advert): void {
    this.#tallies.adverts++;
    const frame = decodeAdvertisement(advert.data);
    if (frame === null) return;
    this.#tallies.frames++;
    this.#hearFrame(frame, advert);
  }

  #hearFrame(frame: Frame, { atMs, rssiDbm }: Advert): void {
    const fix = this.#isSynchronised ? this.#options.position.current(atMs) : null;
    if (fix === null) {
      this.#tallies.unusable++;
      return;
    }
    const { status, token } = frame;
    const key = this.#assembler.hear(frame, { atMs, rssiDbm, status, token, fix });
    if (key === null) return;
    this.#pending.add(key);
    if (this.#pending.size > PENDING_MAX) {
      const [oldest] = this.#pending;
      if (oldest !== undefined) this.#pending.delete(oldest);
    }
  }

  /** Times of hearing are worth nothing once the clock is known to be wrong: what was heard is forgotten. */
  async #askTrust(): Promise<void> {
    const { clock, trust } = this.#options;
    if (clock.monotonicMs() - this.#trustAskedMs < TRUST_INTERVAL_MS) return;
    this.#trustAskedMs = clock.monotonicMs();
    this.#isSynchronised = await trust.isSynchronised();
    if (this.#isSynchronised) return;
    this.#assembler.clear();
    this.#pending.clear();
  }

  #seal(settleMs: number): void {
    const nowMs = this.#options.clock.nowMs();
    const reports: SealedReport[] = [];
    for (const key of this.#pending) {
      if (nowMs - key.trace.firstMs < settleMs && nowMs >= key.trace.firstMs) continue;
      this.#pending.delete(key);
      const report = this.#report(key, nowMs);
      if (report !== null) reports.push(report);
    }
    this.#options.outbox.add(reports);
  }

  #report(key: HeardKey, nowMs: number): SealedReport | null {
    const { precision, random, maxDelayMs } = this.#options;
    const { last } = key.trace.token;
    const place = coarsen(last.fix, precision);
    const { accuracyDm } = place;
    const { rssiDbm } = key.trace;
    const verdict = this.#policy.decide({ id: toHex(key.publicKey), accuracyDm, rssiDbm }, nowMs);
    if (verdict === "sampled-out") this.#tallies.sampledOut++;
    if (verdict !== "first" && verdict !== "better") return null;
    const record = this.#sealOne(key, place);
    if (record === null) return null;
    if (verdict === "first") this.#tallies.keys++;
    const notBefore = Math.floor((nowMs + randomFraction(random) * maxDelayMs) / 1000);
    return { record, notBefore, heardAt: Math.floor(last.atMs / 1000) };
  }

  #sealOne(key: HeardKey, place: Fix): UploadRecord | null {
    try {
      const record = sealReport(this.#options, key, place);
      this.#tallies.sealed++;
      return record;
    } catch (error) {
      if (!(error instanceof WeakKeyError)) throw error;
      this.#tallies.weakKeys++;
      return null;
    }
  }
}
