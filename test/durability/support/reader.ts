import { createHash } from "node:crypto";
import {
  decodeManifest,
  decodePage,
  decodeRecords,
  type HoursList,
  manifestHash,
  PATHS,
  SEGMENTS_PER_HOUR,
  type StoredRecord,
  toHex,
} from "@glowworm/protocol";
import { crypto } from "./workload.ts";

/** A closed hour as the hours list names it. */
type ListedHour = HoursList["hours"][number];

interface ReadHour {
  readonly hour: number;
  readonly records: readonly StoredRecord[];
}

/** What was published is not any more: an hour has closed since it was listed. */
class GoneError extends Error {}

/**
 * Reads what servers publish, as an owner does: everything is checked against its manifest, and each manifest against
 * the one before. Remembers every answer by its hash: what was served once must never be served with other bytes.
 */
export class Reader {
  readonly #served: Map<string, string> = new Map();

  /** Closed hours and segments that were read so far. */
  get answers(): number {
    return this.#served.size;
  }

  async list(url: string): Promise<HoursList> {
    const list = JSON.parse(new TextDecoder().decode(await bytesOf(url, PATHS.hours))) as HoursList;
    list.hours.forEach(({ hour }, index) => {
      if (hour <= (list.hours[index - 1]?.hour ?? -1)) throw new Error(`hour ${hour} out of order`);
    });
    return list;
  }

  /**
   * Every record that can be read, once, when everything up to a segment is published: a server listens before it closes what
   * was over when it started. By one list, because an hour that closes between two would be in neither.
   */
  async *everything(url: string, through: number): AsyncGenerator<readonly StoredRecord[]> {
    const list = await this.#listThrough(url, through);
    // The segments first: they go when their hour closes.
    const segments = await this.#segments(url, list).catch((error: unknown) => {
      if (error instanceof GoneError) return null;
      throw error;
    });
    if (segments === null) {
      yield* this.everything(url, through);
      return;
    }
    yield segments;
    for await (const { records } of this.#closedHours(url, list)) yield records;
  }

  /** The records of all closed hours, hour by hour. `isWanted` leaves hours out. */
  async *closedHours(url: string, isWanted?: (hour: number) => boolean): AsyncGenerator<ReadHour> {
    yield* this.#closedHours(url, await this.list(url), isWanted);
  }

  /** The records of the segments that can be fetched. `isWanted` leaves segments out. */
  async openSegments(
    url: string,
    isWanted?: (segment: number) => boolean,
  ): Promise<readonly StoredRecord[]> {
    return await this.#segments(url, await this.list(url), isWanted);
  }

  /** Whether a segment was read before. */
  hasSegment(segment: number): boolean {
    return this.#served.has(PATHS.segment(segment));
  }

  async #listThrough(url: string, through: number): Promise<HoursList> {
    for (;;) {
      const list = await this.list(url);
      const closed = ((list.hours.at(-1)?.hour ?? 0) + 1) * SEGMENTS_PER_HOUR - 1;
      if (Math.max(closed, list.open?.last ?? 0) >= through) return list;
    }
  }

  async *#closedHours(
    url: string,
    { hours }: HoursList,
    isWanted: (hour: number) => boolean = () => true,
  ): AsyncGenerator<ReadHour> {
    for (const [index, listed] of hours.entries()) {
      if (!isWanted(listed.hour)) continue;
      const records = await this.#hour(url, listed, hours[index - 1]);
      yield { hour: listed.hour, records };
    }
  }

  async #segments(
    url: string,
    { open }: HoursList,
    isWanted: (segment: number) => boolean = () => true,
  ): Promise<readonly StoredRecord[]> {
    const records: StoredRecord[] = [];
    for (let segment = open?.first ?? 1; segment <= (open?.last ?? 0); segment++) {
      if (!isWanted(segment)) continue;
      const bytes = await this.#fetch(url, PATHS.segment(segment));
      if (bytes.length === 0) throw new Error(`segment ${segment} is empty: not padded`);
      records.push(...decodeRecords(bytes));
    }
    return records;
  }

  async #hour(
    url: string,
    { hour, pages, manifest: hash }: ListedHour,
    before: ListedHour | undefined,
  ): Promise<readonly StoredRecord[]> {
    const bytes = await this.#fetch(url, PATHS.manifest(hour));
    if (toHex(manifestHash(crypto, bytes)) !== hash) throw new Error(`manifest of ${hour} differs`);
    const manifest = decodeManifest(bytes);
    if (manifest.hour !== hour || manifest.pages.length !== pages) throw new Error(`hour ${hour}?`);
    if (before !== undefined && toHex(manifest.previous) !== before.manifest) {
      throw new Error(`hour ${hour} does not follow hour ${before.hour}`);
    }
    const records: StoredRecord[] = [];
    for (const [page, entry] of manifest.pages.entries()) {
      records.push(...decodePage(crypto, entry, await this.#fetch(url, PATHS.page(hour, page))));
    }
    return records;
  }

  async #fetch(url: string, path: string): Promise<Uint8Array> {
    const bytes = await bytesOf(url, path);
    const hash = createHash("sha256").update(bytes).digest("hex");
    const before = this.#served.get(path);
    if (before !== undefined && before !== hash) throw new Error(`${path} has changed`);
    this.#served.set(path, hash);
    return bytes;
  }
}

async function bytesOf(url: string, path: string): Promise<Uint8Array> {
  const response = await fetch(url + path);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status !== 200) {
    const answer = `${path}: ${response.status} ${new TextDecoder().decode(bytes)}`;
    throw response.status === 410 ? new GoneError(answer) : new Error(answer);
  }
  return bytes;
}
