import { ascii, ByteReader, ByteWriter, compareBytes, concat } from "./bytes.ts";
import { type CryptoSuite, KEY_BYTES } from "./crypto/suite.ts";
import { CIPHERTEXT_BYTES, ENVELOPE_BYTES } from "./envelope.ts";
import { DecodeError, UsageError } from "./errors.ts";
import { GET_ID_BYTES, PUT_ID_BYTES } from "./ids.ts";
import { ARRIVAL_STEP_SECONDS, BATCH_RECORDS_MAX, H_GET_ID, PROTOCOL_VERSION } from "./params.ts";
import type { RandomSource, UnixSeconds } from "./world.ts";

/** Bytes of an upload record. */
export const UPLOAD_RECORD_BYTES: number = PUT_ID_BYTES + ENVELOPE_BYTES;
/** Bytes of a storable record: a stored record without its arrival step. */
export const STORABLE_RECORD_BYTES: number = GET_ID_BYTES + ENVELOPE_BYTES;
/** Bytes of a stored record. */
export const STORED_RECORD_BYTES: number = STORABLE_RECORD_BYTES + 4;

/** What a relay uploads. @see docs/protocol.md section 6.5 */
export interface UploadRecord {
  readonly putId: Uint8Array;
  readonly envelope: Uint8Array;
}

/** What a server keeps and publishes. @see docs/protocol.md section 6.6 */
export interface StoredRecord {
  readonly getId: Uint8Array;
  readonly envelope: Uint8Array;
  /** Number of the ten-minute step in which the report arrived. */
  readonly arrivalStep: number;
}

/** Step in which a time falls. @see docs/protocol.md section 6.6 */
export function arrivalStepOf(at: UnixSeconds): number {
  return Math.floor(at / ARRIVAL_STEP_SECONDS);
}

/** First second after a step. @see docs/protocol.md section 6.6 */
export function arrivalStepEnd(step: number): UnixSeconds {
  return (step + 1) * ARRIVAL_STEP_SECONDS;
}

/** 145 bytes a record, 1 to 64 of them. @throws {UsageError} for another number. @see docs/protocol.md section 6.5 */
export function encodeUploadBatch(records: readonly UploadRecord[]): Uint8Array {
  if (records.length < 1 || records.length > BATCH_RECORDS_MAX) {
    throw new UsageError(
      `batch: expected 1 to ${BATCH_RECORDS_MAX} records, got ${records.length}`,
    );
  }
  const writer = new ByteWriter(records.length * UPLOAD_RECORD_BYTES);
  for (const record of records) {
    writer.bytes("upload.put_id", record.putId, PUT_ID_BYTES);
    writer.bytes("upload.envelope", record.envelope, ENVELOPE_BYTES);
  }
  return writer.finish();
}

/**
 * Decodes a batch into what a server stores: get_id and envelope of every record, 129 bytes each, back to back. All or none.
 * @throws {DecodeError} any code but `bad-value`. @see docs/protocol.md sections 6.5 and 6.6
 */
export function storableRecords(crypto: CryptoSuite, batch: Uint8Array): Uint8Array {
  const count = recordsIn(batch);
  const records = new Uint8Array(count * STORABLE_RECORD_BYTES);
  // Written over for every record, as all else here: with arrays of its own each would cost twice as much.
  const label = ascii(H_GET_ID);
  const input = concat(label, new Uint8Array(PUT_ID_BYTES));
  for (let index = 0; index < count; index++) {
    const from = index * UPLOAD_RECORD_BYTES;
    const to = index * STORABLE_RECORD_BYTES;
    for (let at = 0; at < PUT_ID_BYTES; at++) input[label.length + at] = batch[from + at] ?? 0;
    records.set(crypto.blake2b(GET_ID_BYTES, input), to);
    const envelope = batch.subarray(from + PUT_ID_BYTES, from + UPLOAD_RECORD_BYTES);
    records.set(envelope, to + GET_ID_BYTES);
  }
  return records;
}

/** 133 bytes. @see docs/protocol.md section 6.6 */
export function encodeStoredRecord(record: StoredRecord): Uint8Array {
  return new ByteWriter(STORED_RECORD_BYTES)
    .bytes("stored.get_id", record.getId, GET_ID_BYTES)
    .bytes("stored.envelope", record.envelope, ENVELOPE_BYTES)
    .u32("stored.arrival_step", record.arrivalStep)
    .finish();
}

/** @throws {DecodeError} any code but `bad-value`. @see docs/protocol.md section 6.6 */
export function decodeStoredRecord(bytes: Uint8Array): StoredRecord {
  const reader = new ByteReader(bytes);
  const getId = reader.bytes("stored.get_id", GET_ID_BYTES);
  const envelope = readEnvelope(reader, "stored.envelope");
  const arrivalStep = reader.u32("stored.arrival_step");
  reader.end("stored");
  return { getId, envelope, arrivalStep };
}

/** The order of records in segments and pages: by id, then by envelope. @see docs/protocol.md section 7.1 */
export function compareStoredRecords(a: StoredRecord, b: StoredRecord): number {
  return compareBytes(a.getId, b.getId) || compareBytes(a.envelope, b.envelope);
}

/**
 * A padding record that nobody without the random bytes can tell from a report.
 * @see docs/protocol.md section 7.2
 */
export function paddingRecord(
  crypto: CryptoSuite,
  random: RandomSource,
  arrivalStep: number,
): StoredRecord {
  const version = Uint8Array.of(PROTOCOL_VERSION);
  const enc = crypto.x25519Base(random.bytes(KEY_BYTES));
  return {
    getId: random.bytes(GET_ID_BYTES),
    envelope: concat(version, enc, random.bytes(CIPHERTEXT_BYTES)),
    arrivalStep,
  };
}

/** The number of records in a batch, all of them sound. @throws {DecodeError} */
function recordsIn(batch: Uint8Array): number {
  if (batch.length === 0) throw new DecodeError("truncated", "upload.put_id", 0, "empty batch");
  const limit = BATCH_RECORDS_MAX * UPLOAD_RECORD_BYTES;
  if (batch.length > limit) {
    throw new DecodeError("trailing-bytes", "upload", limit, "too many records");
  }
  let at = 0;
  for (; at + UPLOAD_RECORD_BYTES <= batch.length; at += UPLOAD_RECORD_BYTES) {
    if (batch[at + PUT_ID_BYTES] === PROTOCOL_VERSION) continue;
    throw new DecodeError("unsupported-version", "upload.envelope.version", at + PUT_ID_BYTES);
  }
  const rest = batch.length - at;
  if (rest === 0) return at / UPLOAD_RECORD_BYTES;
  if (rest < PUT_ID_BYTES) throw new DecodeError("truncated", "upload.put_id", at);
  throw new DecodeError("truncated", "upload.envelope", at + PUT_ID_BYTES);
}

function readEnvelope(reader: ByteReader, field: string): Uint8Array {
  const at = reader.offset;
  const envelope = reader.bytes(field, ENVELOPE_BYTES);
  if (envelope[0] !== PROTOCOL_VERSION) {
    throw new DecodeError("unsupported-version", `${field}.version`, at);
  }
  return envelope;
}
