import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  concat,
  loadCrypto,
  type RandomSource,
  type StoredRecord,
  type UploadRecord,
} from "@glowworm/protocol";
import { afterAll } from "vitest";

export const crypto = await loadCrypto();

/** 2026-11-20 12:00:00 UTC: the first second of an hour. */
export const NOON_MS: number = Date.UTC(2026, 10, 20, 12);
export const NOON_HOUR: number = NOON_MS / 3_600_000;
export const HOUR_MS = 3_600_000;
export const SEGMENT_MS = 30_000;

/** A report on its way into a store. */
export type NewReport = Omit<StoredRecord, "arrivalStep">;

/** A report as uploads bring it: random, of the right version and length. */
export function someReport(random: RandomSource): NewReport {
  return { getId: random.bytes(16), envelope: concat(Uint8Array.of(1), random.bytes(112)) };
}

export function someReports(random: RandomSource, count: number): readonly NewReport[] {
  return Array.from({ length: count }, () => someReport(random));
}

/** Reports as stores take them. */
export function packed(reports: readonly NewReport[]): Uint8Array {
  return concat(...reports.flatMap(({ getId, envelope }) => [getId, envelope]));
}

export function someUpload(
  random: RandomSource,
  putId: Uint8Array = random.bytes(32),
): UploadRecord {
  return { putId, envelope: concat(Uint8Array.of(1), random.bytes(112)) };
}

const folders: string[] = [];

/** An empty folder, removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-server-"));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
