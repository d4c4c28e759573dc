import type { ExitName } from "@glowworm/platform";
import { ENVELOPE_BYTES, GET_ID_BYTES, type UnixSeconds } from "@glowworm/protocol";
import type { NewReport, Published, SegmentAbsence } from "../report-store.ts";

/** What the writing thread is started with. */
export interface WriterSettings {
  readonly folder: string;
  readonly retentionDays: number;
}

/** What the writing thread is asked. */
export type WriterRequest =
  | { readonly kind: "open"; readonly now: UnixSeconds }
  | { readonly kind: "commit"; readonly at: UnixSeconds; readonly reports: Uint8Array }
  | { readonly kind: "segment"; readonly segment: number }
  /** `seed`: 32 random bytes from which the padding of this call is drawn. */
  | { readonly kind: "maintain"; readonly now: UnixSeconds; readonly seed: Uint8Array }
  | { readonly kind: "close" };

/** What it answers. */
export interface WriterReply {
  readonly value: Uint8Array | SegmentAbsence | null;
  readonly state: WriterState;
}

/** Asks a writer: `Writer` itself, or the thread in which it lives. */
export interface WriterClient {
  /** @throws {Failure} when a person has to mend it. @throws {StoreUnavailableError} when the disk refuses. */
  ask(request: WriterRequest): Promise<WriterReply>;
}

/** What the other thread knows of the store, as of the newest reply. */
export interface WriterState {
  readonly arrivalFloor: number;
  /** Sent only by `open` and `maintain`: nothing else changes it. */
  readonly published: Published | null;
  readonly damaged: readonly string[];
}

/** An error on its way between threads: classes do not survive the passage. */
export interface WriterError {
  readonly message: string;
  /** Present when a person has to mend it. */
  readonly failure: { readonly exit: ExitName; readonly remedy: string } | null;
}

export type WriterMessage =
  | { readonly id: number; readonly reply: WriterReply }
  | { readonly id: number; readonly error: WriterError };

const REPORT_BYTES = GET_ID_BYTES + ENVELOPE_BYTES;

/** Reports back to back in one buffer: copying one is a hundred times cheaper than copying each. */
export function packReports(reports: readonly NewReport[]): Uint8Array {
  const bytes = new Uint8Array(reports.length * REPORT_BYTES);
  reports.forEach((report, index) => {
    bytes.set(report.getId, index * REPORT_BYTES);
    bytes.set(report.envelope, index * REPORT_BYTES + GET_ID_BYTES);
  });
  return bytes;
}

/** The reports of a buffer, as views into it. */
export function unpackReports(bytes: Uint8Array): readonly NewReport[] {
  const reports: NewReport[] = [];
  for (let at = 0; at < bytes.length; at += REPORT_BYTES) {
    const envelopeAt = at + GET_ID_BYTES;
    reports.push({
      getId: bytes.subarray(at, envelopeAt),
      envelope: bytes.subarray(envelopeAt, at + REPORT_BYTES),
    });
  }
  return reports;
}
