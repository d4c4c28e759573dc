import { randomFillSync, randomInt } from "node:crypto";
import {
  BATCH_RECORDS_MAX,
  PATHS,
  PROTOCOL_VERSION,
  PUT_ID_BYTES,
  RECORDS_MEDIA_TYPE,
  UPLOAD_RECORD_BYTES,
} from "@glowworm/protocol";

/**
 * A whole upload of random reports, never twice the same: the store would drop a repeated one. It comes from one of
 * 65,536 networks, as a proxy on the server's machine names it, because relays are many and a server limits each.
 * @param records 1 to 64.
 */
export function uploadMessage(records: number): Uint8Array {
  if (records > BATCH_RECORDS_MAX) throw new Error(`a batch has at most ${BATCH_RECORDS_MAX}`);
  const size = records * UPLOAD_RECORD_BYTES;
  const head =
    `POST ${PATHS.sightings} HTTP/1.1\r\nhost: bench\r\ncontent-type: ${RECORDS_MEDIA_TYPE}\r\n` +
    `x-forwarded-for: 10.${randomInt(256)}.${randomInt(256)}.1\r\ncontent-length: ${size}\r\n\r\n`;
  const message = Buffer.allocUnsafe(head.length + size);
  message.write(head, "latin1");
  const body = message.subarray(head.length);
  randomFillSync(body);
  for (let at = PUT_ID_BYTES; at < size; at += UPLOAD_RECORD_BYTES) body[at] = PROTOCOL_VERSION;
  return message;
}

/** A request for a path. */
export function getMessage(path: string): Uint8Array {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: bench\r\nx-forwarded-for: 10.${randomInt(256)}.${randomInt(256)}.1\r\n\r\n`,
    "latin1",
  );
}
