import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, makePrivateFolder, readFileIfAny } from "@glowworm/platform";
import {
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  checkFilter,
  concat,
  DecodeError,
  decodeManifest,
  equalBytes,
  type Filter,
  hasFilter,
  hourOf,
  type Manifest,
  manifestHash,
  PAGE_BYTES,
  pageHash,
  toHex,
  type UnixSeconds,
} from "@glowworm/protocol";

/** A closed hour on this disk: its records, or, where it has a filter, the filter. */
export interface CachedHour {
  readonly manifest: Manifest;
  /** Lowercase hex. */
  readonly manifestHash: string;
  /** Pages back to back; none of an hour with a filter. */
  readonly records: Uint8Array;
  readonly filter: Filter | null;
}

/**
 * Hours are kept on the owner's own account: a server that no longer lists them cannot make a place be forgotten. Two
 * months are twice the usual retention, and 50 MB of a quiet server.
 */
const KEPT_HOURS = 60 * 24;
const SUFFIX = ".hour";
const NOTHING = new Uint8Array();

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
   * Keeps the manifest and what was read by it: all pages, or the filter. Not synchronised to disk: what a power cut
   * tears fails its check and is fetched again.
   * @throws {Failure} when it cannot be written.
   */
  write(hour: number, manifest: Uint8Array, parts: readonly Uint8Array[]): void {
    const length = new ByteWriter(4).u32("length", manifest.length).finish();
    const next = `${this.#pathOf(hour)}.new`;
    try {
      writeFileSync(next, concat(length, manifest, ...parts), { mode: 0o600 });
      renameSync(next, this.#pathOf(hour));
    } catch (cause) {
      throw cannotWrite(this.#folder, cause);
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
    const rest = bytes.subarray(reader.offset);
    if (manifest.hour !== hour) return null;
    const hash = toHex(manifestHash(this.#crypto, head));
    if (hasFilter(manifest)) {
      const filter = checkFilter(this.#crypto, manifest, rest);
      return { manifest, manifestHash: hash, records: NOTHING, filter };
    }
    if (!isSamePages(this.#crypto, manifest, rest)) return null;
    return { manifest, manifestHash: hash, records: rest, filter: null };
  }

  #pathOf(hour: number): string {
    return join(this.#folder, `${hour}${SUFFIX}`);
  }
}

/** The oldest hour that stays on disk at a time. */
export function firstKeptHour(now: UnixSeconds): number {
  return hourOf(now) - KEPT_HOURS;
}

/** What to tell when the cache does not take something. */
export function cannotWrite(folder: string, cause: unknown): Failure {
  const remedy = "make room on its disk, or set XDG_CACHE_HOME to another folder";
  return new Failure("failure", `cannot write to ${folder}`, remedy, { cause });
}

function isSamePages(crypto: CryptoSuite, manifest: Manifest, pages: Uint8Array): boolean {
  return (
    pages.length === manifest.pages.length * PAGE_BYTES &&
    manifest.pages.every((entry, index) => {
      const page = pages.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
      return equalBytes(pageHash(crypto, page), entry.hash);
    })
  );
}
