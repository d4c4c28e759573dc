import { type FileHandle, open } from "node:fs/promises";
import { isErrno } from "@glowworm/platform";
import { type Clock, type CryptoSuite, STORED_RECORD_BYTES } from "@glowworm/protocol";
import { type ByteParts, StoreUnavailableError } from "../../report-store.ts";
import { readExactly } from "../closed/closed-hour-reader.ts";
import { DamagedHourError } from "../damage.ts";
import { rereadLater } from "../reread.ts";
import {
  assertPart,
  decodeEnd,
  endSpan,
  footerSpan,
  partSpan,
  partsOf,
  type SegmentEnd,
} from "./segment-file.ts";

/**
 * Reads closed segments of open hours off the disk, a part at a time, and lets no part out that is not what was written.
 * A segment that goes with its hour while somebody reads it is read to its end, or not to its end; never other bytes.
 */
export class SegmentFiles {
  readonly #crypto: CryptoSuite;
  readonly #clock: Clock;
  readonly #pathOf: (segment: number) => string;
  readonly #onDamage: (segment: number) => Promise<void>;

  /** @param onDamage is told of a segment that is not what was written, or not there, before the reader is refused. */
  constructor(
    crypto: CryptoSuite,
    clock: Clock,
    pathOf: (segment: number) => string,
    onDamage: (segment: number) => Promise<void>,
  ) {
    this.#crypto = crypto;
    this.#clock = clock;
    this.#pathOf = pathOf;
    this.#onDamage = onDamage;
  }

  /**
   * A segment with its first part read. Nothing stays open until somebody reads the second.
   * @returns null when it has gone with its hour, or is lost. @throws {StoreUnavailableError}
   */
  async open(segment: number): Promise<ByteParts | null> {
    const found = await this.#openIfAny(segment);
    if (found !== null) return found;
    // It may be missing: a small one is there again afterwards.
    await this.#onDamage(segment);
    return await this.#openIfAny(segment);
  }

  async #openIfAny(segment: number): Promise<ByteParts | null> {
    try {
      return await this.#reread(() => this.#begin(segment));
    } catch (error) {
      if (isErrno(error, "ENOENT")) return null;
      throw await this.#refusal(segment, error);
    }
  }

  async #begin(segment: number): Promise<ByteParts> {
    const file = await open(this.#pathOf(segment), "r");
    try {
      const { size } = await file.stat();
      const footer = await readExactly(file, footerSpan(size));
      const end = decodeEnd(this.#crypto, await readExactly(file, endSpan(size, footer)), segment);
      const first = await readPart(file, end, 0);
      return {
        length: end.records * STORED_RECORD_BYTES,
        parts: () => this.#parts(end, first),
      };
    } finally {
      await file.close();
    }
  }

  async *#parts(end: SegmentEnd, first: Uint8Array): AsyncGenerator<Uint8Array> {
    yield first;
    const count = partsOf(end.records);
    if (count === 1) return;
    let file: FileHandle | undefined;
    try {
      file = await open(this.#pathOf(end.segment), "r");
      const opened = file;
      for (let part = 1; part < count; part++) {
        yield await this.#reread(() => readPart(opened, end, part));
      }
    } catch (error) {
      throw await this.#refusal(end.segment, error);
    } finally {
      await file?.close();
    }
  }

  #reread<T>(work: () => Promise<T>): Promise<T> {
    return rereadLater((ms) => this.#clock.sleep(ms), work);
  }

  async #refusal(segment: number, error: unknown): Promise<StoreUnavailableError> {
    if (error instanceof DamagedHourError) await this.#onDamage(segment);
    return new StoreUnavailableError("a segment cannot be read", { cause: error });
  }
}

async function readPart(file: FileHandle, end: SegmentEnd, part: number): Promise<Uint8Array> {
  const bytes = await readExactly(file, partSpan(end.records, part));
  assertPart(end, part, bytes);
  return bytes;
}
