import type { Fetch } from "@glowworm/platform";
import {
  arrivalStepOf,
  buildFilter,
  type CryptoSuite,
  encodeManifest,
  encodeRecords,
  FILTER_FREE_PAGES,
  filterHash,
  GET_ID_BYTES,
  type HoursList,
  hourPadding,
  manifestHash,
  PAGE_BYTES,
  PAGE_RECORDS,
  PATHS,
  paddingRecord,
  pageEntryOf,
  type RandomSource,
  STORED_RECORD_BYTES,
  type StoredRecord,
  segmentPadding,
  toHex,
} from "@glowworm/protocol";

const NOTHING = new Uint8Array();
/** So many padding records are not made one by one: nobody opens them. */
const MANY = 1024;

export const SERVER_URL = "https://glow.test";

/** Publishes what it is given, and notes what it is asked. */
export class FakeServer {
  /** Method, address and headers of every request, in their order. */
  readonly requests: string[] = [];
  /** Answers that differ from the honest one, by path. */
  readonly lies = new Map<string, () => Response | Promise<Response>>();
  readonly #crypto: CryptoSuite;
  readonly #random: RandomSource;
  readonly #bodies = new Map<string, Uint8Array>();
  #list: HoursList = { v: 1, hours: [], open: null };

  constructor(crypto: CryptoSuite, random: RandomSource) {
    this.#crypto = crypto;
    this.#random = random;
  }

  readonly fetch: Fetch = (url, init) => {
    this.requests.push(`${init.method ?? "GET"} ${url} ${JSON.stringify(init.headers)}`);
    if (init.signal?.aborted === true) return Promise.reject(new Error("aborted"));
    const path = url.slice(SERVER_URL.length);
    const lie = this.lies.get(path);
    if (lie !== undefined) return Promise.resolve(lie());
    if (path === PATHS.hours) return Promise.resolve(Response.json(this.#list));
    const body = this.#bodies.get(path);
    return Promise.resolve(body === undefined ? problem(404) : bytes(body));
  };

  get list(): HoursList {
    return this.#list;
  }

  /** Publishes an hour; hours must come in ascending order. `over` changes what its manifest says. */
  closeHour(
    hour: number,
    reports: readonly StoredRecord[],
    over: {
      readonly pages?: number;
      /** Of the hour's pages. */
      readonly filter?: (pages: readonly Uint8Array[]) => Uint8Array;
    } = {},
  ): void {
    const step = arrivalStepOf(hour * 3600);
    const count =
      over.pages === undefined
        ? hourPadding(reports.length)
        : over.pages * PAGE_RECORDS - reports.length;
    const records = this.#pad(reports, count, step);
    const pages: Uint8Array[] = [];
    for (let at = 0; at < records.length; at += PAGE_BYTES) {
      pages.push(records.slice(at, at + PAGE_BYTES));
    }
    const filter =
      pages.length > FILTER_FREE_PAGES
        ? (over.filter?.(pages) ?? this.#filterOf(records))
        : NOTHING;
    const previous = this.#list.hours.at(-1)?.manifest ?? "00".repeat(32);
    const manifest = encodeManifest({
      hour,
      recordCount: pages.length * 256,
      previous: new Uint8Array(Buffer.from(previous, "hex")),
      filter: filter.length === 0 ? new Uint8Array(32) : filterHash(this.#crypto, filter),
      pages: pages.map((page) => pageEntryOf(this.#crypto, page)),
    });
    this.#bodies.set(PATHS.manifest(hour), manifest);
    if (filter.length > 0) this.#bodies.set(PATHS.filter(hour), filter);
    for (const [index, page] of pages.entries()) this.#bodies.set(PATHS.page(hour, index), page);
    const listed = {
      hour,
      pages: pages.length,
      manifest: toHex(manifestHash(this.#crypto, manifest)),
    };
    this.#list = { ...this.#list, hours: [...this.#list.hours, listed] };
  }

  /** Publishes segments `first` to `last`; the reports are in the last. */
  open(first: number, last: number, reports: readonly StoredRecord[]): void {
    for (let segment = first; segment <= last; segment++) {
      const own = segment === last ? reports : [];
      const body = this.#pad(own, segmentPadding(own.length), arrivalStepOf(segment * 30));
      this.#bodies.set(PATHS.segment(segment), body);
    }
    this.#list = { ...this.#list, open: { first, last } };
  }

  /** Stops publishing the oldest hour. */
  expireOldest(): void {
    this.#list = { ...this.#list, hours: this.#list.hours.slice(1) };
  }

  /** What is published under a path. */
  body(path: string): Uint8Array {
    return this.#bodies.get(path) ?? new Uint8Array();
  }

  #filterOf(records: Uint8Array): Uint8Array {
    const ids = new Uint8Array((records.length / STORED_RECORD_BYTES) * GET_ID_BYTES);
    for (let index = 0; index * GET_ID_BYTES < ids.length; index++) {
      const at = index * STORED_RECORD_BYTES;
      ids.set(records.subarray(at, at + GET_ID_BYTES), index * GET_ID_BYTES);
    }
    return buildFilter(ids, this.#random);
  }

  #pad(reports: readonly StoredRecord[], count: number, step: number): Uint8Array {
    const make = (): StoredRecord => paddingRecord(this.#crypto, this.#random, step);
    const sample = make();
    const padding = Array.from({ length: count }, () =>
      count < MANY ? make() : { ...sample, getId: this.#random.bytes(GET_ID_BYTES) },
    );
    return encodeRecords([...reports, ...padding]);
  }
}

export function bytes(body: Uint8Array): Response {
  return new Response(body.slice());
}

export function problem(status: number): Response {
  return new Response("{}", { status });
}
