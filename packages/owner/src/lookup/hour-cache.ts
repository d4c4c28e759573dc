import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, makePrivateFolder, readFileIfAny } from "@glowworm/platform";
import {
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  concat,
  DecodeError,
  decodeManifest,
  type Manifest,
  manifestHash,
  toHex,
} from "@glowworm/protocol";
import { isSamePages } from "./closed-hour.ts";

/** A closed hour on this disk. */
export interface CachedHour {
  readonly manifest: Manifest;
  /** Lowercase hex. */
  readonly manifestHash: string;
  /** Its records, pages back to back. */
  readonly records: Uint8Array;
}

const SUFFIX = ".hour";

/**
 * Closed hours of one server, checked before they came in and again whenever they are read. They are what the server
 * tells everybody, hits or not, and hold no secret.
 */
export class HourCache {
  readonly #crypto: CryptoSuite;
  readonly #folder: string;

  constructor(crypto: CryptoSuite, cacheFolder: string, serverUrl: string) {
    this.#crypto = crypto;
    const name = toHex(crypto.blake2b(16, new TextEncoder().encode(serverUrl)));
    this.#folder = join(cacheFolder, "hours", name);
    makePrivateFolder(this.#folder);
  }

  /** Hours on disk, ascending. */
  hours(): readonly number[] {
    return readdirSync(this.#folder)
      .filter((name) => /^\d+\.hour$/.test(name))
      .map((name) => Number(name.slice(0, -SUFFIX.length)))
      .sort((a, b) => a - b);
  }

  /** An hour, or null when it is not here or no longer what it was. */
  read(hour: number): CachedHour | null {
    const bytes = readFileIfAny(this.#pathOf(hour));
    if (bytes === null) return null;
    try {
      return this.#decode(hour, bytes);
    } catch (error) {
      if (error instanceof DecodeError) return null;
      throw error;
    }
  }

  /**
   * Not synchronised to disk: what a power cut tears fails its check and is fetched again.
   * @throws {Failure} when it cannot be written.
   */
  write(hour: number, manifest: Uint8Array, pages: readonly Uint8Array[]): void {
    const length = new ByteWriter(4).u32("length", manifest.length).finish();
    const next = `${this.#pathOf(hour)}.new`;
    try {
      writeFileSync(next, concat(length, manifest, ...pages), { mode: 0o600 });
      renameSync(next, this.#pathOf(hour));
    } catch (cause) {
      const remedy = "make room on its disk, or set XDG_CACHE_HOME to another folder";
      throw new Failure("failure", `cannot write to ${this.#folder}`, remedy, { cause });
    }
  }

  /** Removes hours before the given one. */
  forgetBefore(first: number): void {
    for (const hour of this.hours()) {
      if (hour < first) rmSync(this.#pathOf(hour), { force: true });
    }
  }

  #decode(hour: number, bytes: Uint8Array): CachedHour | null {
    const reader = new ByteReader(bytes);
    const head = reader.bytes("hour.manifest", reader.u32("hour.manifest_length"));
    const manifest = decodeManifest(head);
    const records = bytes.subarray(reader.offset);
    if (manifest.hour !== hour || !isSamePages(this.#crypto, manifest, records)) return null;
    return { manifest, manifestHash: toHex(manifestHash(this.#crypto, head)), records };
  }

  #pathOf(hour: number): string {
    return join(this.#folder, `${hour}${SUFFIX}`);
  }
}
