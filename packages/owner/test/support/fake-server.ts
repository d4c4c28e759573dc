import {
  arrivalStepOf,
  type CryptoSuite,
  encodeManifest,
  encodeRecords,
  type HoursList,
  hourPadding,
  manifestHash,
  PAGE_BYTES,
  PATHS,
  paddingRecord,
  pageEntryOf,
  type RandomSource,
  type StoredRecord,
  segmentPadding,
  toHex,
} from "@glowworm/protocol";
import type { Fetch } from "../../src/lookup/transfer.ts";

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

  /** Publishes an hour; hours must come in ascending order. */
  closeHour(hour: number, reports: readonly StoredRecord[]): void {
    const step = arrivalStepOf(hour * 3600);
    const records = this.#pad(reports, hourPadding(reports.length), step);
    const pages: Uint8Array[] = [];
    for (let at = 0; at < records.length; at += PAGE_BYTES) {
      pages.push(records.slice(at, at + PAGE_BYTES));
    }
    const previous = this.#list.hours.at(-1)?.manifest ?? "00".repeat(32);
    const manifest = encodeManifest({
      hour,
      recordCount: pages.length * 256,
      previous: new Uint8Array(Buffer.from(previous, "hex")),
      filter: new Uint8Array(32),
      pages: pages.map((page) => pageEntryOf(this.#crypto, page)),
    });
    this.#bodies.set(PATHS.manifest(hour), manifest);
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

  #pad(reports: readonly StoredRecord[], count: number, step: number): Uint8Array {
    const padding = Array.from({ length: count }, () =>
      paddingRecord(this.#crypto, this.#random, step),
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
