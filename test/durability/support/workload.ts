import {
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  concat,
  ENVELOPE_BYTES,
  equalBytes,
  getIdOf,
  loadCrypto,
  type StoredRecord,
  toHex,
  type UploadRecord,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";

export const crypto: CryptoSuite = await loadCrypto();

const MARK_BYTES = 8;
/** Version, mark, batch number, place in the batch. */
const HEAD_BYTES = 1 + MARK_BYTES + 4 + 1;
const BATCH_RECORDS_MAX = 64;

/** Where a stored record stands in what was sent. */
export interface Origin {
  readonly batch: number;
  readonly index: number;
}

/**
 * Batches that can be made again from a seed and a number, so that a history needs to remember numbers only. Every
 * record says in its envelope which one it is; the rest of it is random bytes, and all of them are compared.
 */
export class Workload {
  readonly seed: string;
  readonly #mark: Uint8Array;
  readonly #sizeOf: (batch: number) => number;

  constructor(seed: string, sizeOf?: (batch: number) => number) {
    this.seed = seed;
    this.#mark = seededRandom(`${seed} mark`).bytes(MARK_BYTES);
    this.#sizeOf = sizeOf ?? ((batch) => 1 + ((batch * 37) % BATCH_RECORDS_MAX));
  }

  /** Records in a batch, 1 to 64. */
  size(batch: number): number {
    return this.#sizeOf(batch);
  }

  batch(batch: number): readonly UploadRecord[] {
    return Array.from({ length: this.size(batch) }, (_, index) => this.#record({ batch, index }));
  }

  /** Which record of the workload this is; null for a record that is none of it: padding. */
  originOf(envelope: Uint8Array): Origin | null {
    const reader = new ByteReader(envelope.subarray(1, HEAD_BYTES));
    if (!equalBytes(reader.bytes("mark", MARK_BYTES), this.#mark)) return null;
    return { batch: reader.u32("batch"), index: reader.u8("index") };
  }

  /** Whether a stored record is, byte for byte, the one that was sent. */
  isIntact({ getId, envelope }: StoredRecord, origin: Origin): boolean {
    const sent = this.#record(origin);
    return equalBytes(sent.envelope, envelope) && equalBytes(getIdOf(crypto, sent.putId), getId);
  }

  #record({ batch, index }: Origin): UploadRecord {
    const random = seededRandom(`${this.seed} ${batch} ${index}`);
    const head = new ByteWriter(HEAD_BYTES)
      .u8("version", 1)
      .bytes("mark", this.#mark, MARK_BYTES)
      .u32("batch", batch)
      .u8("index", index)
      .finish();
    return {
      putId: random.bytes(32),
      envelope: concat(head, random.bytes(ENVELOPE_BYTES - HEAD_BYTES)),
    };
  }
}

/** How a record is called in a verdict. */
export function nameOf({ batch, index }: Origin): string {
  return `${batch}/${index}`;
}

/** How a record that was never sent is called in a verdict. */
export function nameOfStranger({ getId }: StoredRecord): string {
  return `stranger ${toHex(getId)}`;
}
