import {
  concat,
  decodeManifest,
  decodePage,
  decodeRecords,
  type StoredRecord,
  toHex,
} from "@glowworm/protocol";
import type { ReportStore } from "@glowworm/server";
import type { NewReport } from "./fixtures.ts";
import { crypto } from "./fixtures.ts";

/** Everything a store publishes, by path, as hex: two of these are equal when every byte is. */
export async function everything(store: ReportStore): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  const { hours, open } = await store.published();
  for (const { hour, pages, manifest } of hours) {
    found[`${hour}`] = manifest;
    found[`${hour}/manifest`] = toHex((await store.manifest(hour)) ?? new Uint8Array());
    found[`${hour}/filter`] = toHex((await store.filter(hour)) ?? new Uint8Array());
    for (let page = 0; page < pages; page++) {
      found[`${hour}/pages/${page}`] = toHex((await store.page(hour, page)) ?? new Uint8Array());
    }
  }
  for (let segment = open?.first ?? 1; segment <= (open?.last ?? 0); segment++) {
    found[`open/${segment}`] = toHex(await segmentBytes(store, segment));
  }
  return found;
}

/** The records of all closed hours, each page checked against its manifest. */
export async function recordsOfHours(store: ReportStore): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (const { hour } of (await store.published()).hours) {
    const manifest = decodeManifest((await store.manifest(hour)) ?? new Uint8Array());
    for (const [page, entry] of manifest.pages.entries()) {
      const bytes = (await store.page(hour, page)) ?? new Uint8Array();
      records.push(...decodePage(crypto, entry, bytes));
    }
  }
  return records;
}

/** The records of all closed segments of open hours. */
export async function recordsOfSegments(store: ReportStore): Promise<readonly StoredRecord[]> {
  const { open } = await store.published();
  const records: StoredRecord[] = [];
  for (let segment = open?.first ?? 1; segment <= (open?.last ?? 0); segment++) {
    records.push(...decodeRecords(await segmentBytes(store, segment)));
  }
  return records;
}

export async function segmentBytes(store: ReportStore, segment: number): Promise<Uint8Array> {
  const answer = await store.segment(segment);
  if (typeof answer === "string") throw new Error(`segment ${segment} is ${answer}`);
  const parts: Uint8Array[] = [];
  for await (const part of answer.parts()) parts.push(part);
  const bytes = concat(...parts);
  if (bytes.length !== answer.length) throw new Error(`segment ${segment} has another length`);
  return bytes;
}

/** How often each report is among the records. */
export function timesFound(
  reports: readonly NewReport[],
  records: readonly StoredRecord[],
): readonly number[] {
  const counts = new Map<string, number>();
  for (const record of records) {
    const key = keyOf(record);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return reports.map((report) => counts.get(keyOf(report)) ?? 0);
}

function keyOf(report: NewReport): string {
  return toHex(report.getId) + toHex(report.envelope);
}
