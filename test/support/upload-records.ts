import { PUT_ID_BYTES, UPLOAD_RECORD_BYTES, type UploadRecord } from "@glowworm/protocol";

/** The records of a batch that one of our relays made. @throws {Error} when a part of one is left. */
export function uploadRecords(batch: Uint8Array): readonly UploadRecord[] {
  const count = batch.length / UPLOAD_RECORD_BYTES;
  if (!Number.isInteger(count)) throw new Error(`a batch has ${batch.length} bytes`);
  return Array.from({ length: count }, (_, index) => {
    const record = batch.slice(index * UPLOAD_RECORD_BYTES, (index + 1) * UPLOAD_RECORD_BYTES);
    return { putId: record.slice(0, PUT_ID_BYTES), envelope: record.slice(PUT_ID_BYTES) };
  });
}
