import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno, makePrivateFolder, readFileIfAny } from "@glowworm/platform";
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
  filterBytesMax,
  HOUR_PAGES_MAX,
  hasFilter,
  type Manifest,
  manifestBytes,
  manifestHash,
  PAGE_BYTES,
  pageHash,
  toHex,
} from "@glowworm/protocol";
import type { CacheTrouble } from "../cache-trouble.ts";

/** A closed hour on this disk: its records, or, where it has a filter, the filter. */
export interface CachedHour {
  readonly manifest: Manifest;
  /** Lowercase hex. */
  readonly manifestHash: string;
  /** Pages back to back; none of an hour with a filter. */
  readonly records: Uint8Array;
  readonly filter: Filter | null;
}

const SUFFIX = ".hour";
const NOTHING = new Uint8Array();
/** Bytes of the largest file there can be. Anything larger is none of ours, and too large to be read at once. */
const FILE_BYTES_MAX = 4 + manifestBytes(HOUR_PAGES_MAX) + filterBytesMax(HOUR_PAGES_MAX);
/** What a disk did not take stays in memory as far as this: 80 days of a quiet server. */
const UNWRITTEN_BYTES_MAX = 64 * 2 ** 20;

/**
 * Closed hours of one server, checked before they came in and again whenever they are read. They are what the server
 * tells everybody, hits or not, and hold no secret. A disk that is full or damaged costs only what it does not hold.
 */
export class HourCache {
  readonly #crypto: CryptoSuite;
  readonly #trouble: CacheTrouble;
  readonly #folder: string;
  readonly #unwritten = new Map<number, Uint8Array>();
  #unwrittenBytes = 0;

  /** @param hoursFolder what `hoursFolderOf` says. */
  constructor(crypto: CryptoSuite, trouble: CacheTrouble, hoursFolder: string, serverUrl: string) {
    this.#crypto = crypto;
    this.#trouble = trouble;
    const name = toHex(crypto.blake2b(16, new TextEncoder().encode(serverUrl)));
    this.#folder = join(hoursFolder, name);
    trouble.attempt(() => makePrivateFolder(this.#folder));
  }

  /** Hours that are here, ascending. */
  hours(): readonly number[] {
    const names = this.#trouble.attempt(() => readdirSync(this.#folder)) ?? [];
    const onDisk = names.map(hourOfFile).filter((hour) => hour !== null);
    return [...new Set([...onDisk, ...this.#unwritten.keys()])].sort((a, b) => a - b);
  }

  /** An hour, or null when it is not here or no longer what it was. */
  read(hour: number): CachedHour | null {
    const bytes = this.#unwritten.get(hour) ?? this.#trouble.attempt(() => this.#fileOf(hour));
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
   * @returns whether it can be read again from here.
   */
  write(hour: number, manifest: Uint8Array, parts: readonly Uint8Array[]): boolean {
    const length = new ByteWriter(4).u32("length", manifest.length).finish();
    const bytes = concat(length, manifest, ...parts);
    const next = `${this.#pathOf(hour)}.new`;
    const isWritten = this.#trouble.attempt(() => {
      writeFileSync(next, bytes, { mode: 0o600 });
      renameSync(next, this.#pathOf(hour));
      return true;
    });
    if (isWritten !== null) return true;
    this.#trouble.attempt(() => rmSync(next, { force: true }));
    if (this.#unwrittenBytes + bytes.length > UNWRITTEN_BYTES_MAX) return false;
    this.#unwritten.set(hour, bytes);
    this.#unwrittenBytes += bytes.length;
    return true;
  }

  #fileOf(hour: number): Uint8Array | null {
    const path = this.#pathOf(hour);
    try {
      if (statSync(path).size > FILE_BYTES_MAX) return null;
    } catch (error) {
      if (isErrno(error, "ENOENT")) return null;
      throw error;
    }
    return readFileIfAny(path);
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

/** The hour that a file name of a cache speaks of, or null. */
export function hourOfFile(name: string): number | null {
  return /^\d+\.hour$/.test(name) ? Number(name.slice(0, -SUFFIX.length)) : null;
}

/** Where hours are in a cache folder: a folder for each server. */
export function hoursFolderOf(cacheFolder: string): string {
  return join(cacheFolder, "hours");
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
