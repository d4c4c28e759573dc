import {
  ARRIVAL_TOLERANCE_SECONDS,
  arrivalStepEnd,
  type CryptoSuite,
  DecodeError,
  decodeStoredRecord,
  EPOCH_SECONDS,
  type EpochOpener,
  type EpochRef,
  epochOpener,
  equalBytes,
  minuteToken,
  openEnvelope,
  type Sighting,
  type StoredRecord,
  TOKEN_SECONDS,
  toHex,
} from "@glowworm/protocol";
import { EpochKeys } from "../candidates/day-ids.ts";

/** A report that opened, with what its key says about it. */
export interface OpenedReport {
  readonly sighting: Sighting;
  /** Epoch of the key: when the beacon believed it to be. */
  readonly epoch: EpochRef;
  /** Minute of the epoch that the token names, 0 to 4, or null when it names none. */
  readonly minute: number | null;
  readonly arrivalStep: number;
}

/** A record under one of the device's ids. */
export interface SealedReport {
  readonly epoch: EpochRef;
  /** 133 bytes. */
  readonly record: Uint8Array;
}

/** How many records were refused, by reason. A second copy of an envelope is no second report. */
export interface Refusals {
  readonly copies: number;
  readonly notOpening: number;
  readonly malformed: number;
  /** Arrived before it was seen. */
  readonly fromTheFuture: number;
}

/**
 * Opens what can be opened. Refused are a second copy of an envelope (the earliest arrival is kept), what does not
 * open, what holds values out of range, and what arrived before it was seen.
 * @see docs/protocol.md section 6.7
 */
export function openReports(
  crypto: CryptoSuite,
  deviceKey: Uint8Array,
  sealed: readonly SealedReport[],
): { readonly reports: readonly OpenedReport[]; readonly refused: Refusals } {
  const decoded = sealed.map(({ epoch, record }) => ({ epoch, ...decodeStoredRecord(record) }));
  const originals = withoutCopies(decoded);
  const opener = new ReportOpener(crypto, deviceKey);
  const refused = {
    copies: sealed.length - originals.length,
    notOpening: 0,
    malformed: 0,
    fromTheFuture: 0,
  };
  const reports: OpenedReport[] = [];
  for (const record of originals) {
    const result = opener.open(record);
    if (typeof result === "string") refused[result] += 1;
    else reports.push(result);
  }
  return { reports, refused };
}

interface DecodedReport extends StoredRecord {
  readonly epoch: EpochRef;
}

/** In the order of epochs, in which keys are cheapest to derive. */
function withoutCopies(records: readonly DecodedReport[]): readonly DecodedReport[] {
  const byEnvelope = new Map<string, DecodedReport>();
  for (const record of records) {
    const key = toHex(record.getId) + toHex(record.envelope);
    const known = byEnvelope.get(key);
    if (known === undefined || record.arrivalStep < known.arrivalStep) byEnvelope.set(key, record);
  }
  return [...byEnvelope.values()].sort(
    (a, b) => a.epoch.day - b.epoch.day || a.epoch.epoch - b.epoch.epoch,
  );
}

/** What opens and checks the reports of one epoch. */
interface OpenedEpoch {
  readonly getId: Uint8Array;
  readonly opener: EpochOpener;
  /** By minute. */
  readonly tokens: readonly Uint8Array[];
}

class ReportOpener {
  readonly #crypto: CryptoSuite;
  readonly #keys: EpochKeys;
  #current: OpenedEpoch | null = null;

  constructor(crypto: CryptoSuite, deviceKey: Uint8Array) {
    this.#crypto = crypto;
    this.#keys = new EpochKeys(crypto, deviceKey);
  }

  open(record: DecodedReport): OpenedReport | Exclude<keyof Refusals, "copies"> {
    const { opener, tokens } = this.#epochOf(record);
    let sighting: Sighting | null;
    try {
      sighting = openEnvelope(this.#crypto, opener, record.envelope);
    } catch (error) {
      if (error instanceof DecodeError) return "malformed";
      throw error;
    }
    if (sighting === null) return "notOpening";
    if (arrivalStepEnd(record.arrivalStep) < sighting.seenAt - ARRIVAL_TOLERANCE_SECONDS) {
      return "fromTheFuture";
    }
    const { token } = sighting;
    const minute = tokens.findIndex((expected) => equalBytes(expected, token));
    return {
      sighting,
      epoch: record.epoch,
      minute: minute === -1 ? null : minute,
      arrivalStep: record.arrivalStep,
    };
  }

  #epochOf({ getId, epoch }: DecodedReport): OpenedEpoch {
    if (this.#current !== null && equalBytes(this.#current.getId, getId)) return this.#current;
    const { seed, privateKey } = this.#keys.of(epoch);
    const tokens = Array.from({ length: EPOCH_SECONDS / TOKEN_SECONDS }, (_, minute) =>
      minuteToken(this.#crypto, seed, minute),
    );
    this.#current = { getId, opener: epochOpener(this.#crypto, privateKey), tokens };
    return this.#current;
  }
}
