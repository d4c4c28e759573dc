import { type FileHandle, open } from "node:fs/promises";
import { isErrno } from "@glowworm/platform";
import type { Clock, CryptoSuite } from "@glowworm/protocol";
import { StoreUnavailableError } from "../../report-store.ts";
import { DamagedHourError } from "../damage.ts";
import { rereadLater } from "../reread.ts";
import type { Span } from "../segments/file-spans.ts";
import { assertFilter } from "./hour-check.ts";
import { assertManifest, assertPage, type ClosedHour, FOOTER_BYTES, SPANS } from "./hour-file.ts";

type Read = (span: Span) => Promise<Uint8Array>;
type Work = (read: Read, size: number) => Promise<Uint8Array | null>;

/**
 * Reads closed hours off the disk and lets no byte out that is not what was published: whoever gets it keeps it for a
 * year. A page takes two reads and a hash, however large the hour.
 */
export class ClosedHourReader {
  readonly #crypto: CryptoSuite;
  readonly #pathOf: (hour: number) => string;
  readonly #clock: Clock;
  readonly #onDamage: (hour: number) => Promise<void>;

  /** @param onDamage is told of an hour that is not what was written, before the reader is refused. */
  constructor(
    crypto: CryptoSuite,
    clock: Clock,
    pathOf: (hour: number) => string,
    onDamage: (hour: number) => Promise<void>,
  ) {
    this.#crypto = crypto;
    this.#clock = clock;
    this.#pathOf = pathOf;
    this.#onDamage = onDamage;
  }

  /** @returns null when the file has been removed by retention since it was listed. @throws {StoreUnavailableError} */
  manifest({ hour, pages, manifest }: ClosedHour): Promise<Uint8Array | null> {
    return this.#reading(hour, async (read) => {
      const bytes = await read(SPANS.manifest(pages));
      assertManifest(this.#crypto, bytes, manifest);
      return bytes;
    });
  }

  /** As `manifest`, one page. */
  page({ hour, pages }: ClosedHour, page: number): Promise<Uint8Array | null> {
    return this.#reading(hour, async (read) => {
      const hash = await read(SPANS.pageHash(page));
      const bytes = await read(SPANS.page(pages, page));
      assertPage(this.#crypto, bytes, hash);
      return bytes;
    });
  }

  /** As `manifest`; null too when the hour has no filter. */
  filter({ hour, pages }: ClosedHour): Promise<Uint8Array | null> {
    return this.#reading(hour, async (read, size) => {
      const length = size - SPANS.filter(pages, 0).offset - FOOTER_BYTES;
      if (length < 0) throw new DamagedHourError("cut short");
      const bytes = await read(SPANS.filter(pages, length));
      assertFilter(this.#crypto, bytes, await read(SPANS.filterHash()));
      return length === 0 ? null : bytes;
    });
  }

  async #reading(hour: number, work: Work): Promise<Uint8Array | null> {
    try {
      return await rereadLater(
        (ms) => this.#clock.sleep(ms),
        () => this.#opened(hour, work),
      );
    } catch (error) {
      if (isErrno(error, "ENOENT")) return null;
      if (error instanceof DamagedHourError) await this.#onDamage(hour);
      throw new StoreUnavailableError("a closed hour cannot be read", { cause: error });
    }
  }

  async #opened(hour: number, work: Work): Promise<Uint8Array | null> {
    const file = await open(this.#pathOf(hour), "r");
    try {
      return await work((span) => readExactly(file, span), (await file.stat()).size);
    } finally {
      await file.close();
    }
  }
}

/** @throws {DamagedHourError} when the file ends before. */
export async function readExactly(file: FileHandle, { offset, length }: Span): Promise<Uint8Array> {
  if (offset < 0) throw new DamagedHourError("cut short");
  const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset);
  if (bytesRead !== length) throw new DamagedHourError("cut short");
  return buffer;
}
