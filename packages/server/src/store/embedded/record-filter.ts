import { GET_ID_BYTES } from "@glowworm/protocol";

const PROBES = 4;
const BITS_PER_RECORD = 16;

/**
 * Bloom filter over records: 2 to 4 bytes each, wrong for at most one absent record in 400. Its input is hashes and
 * ciphertext, so it needs no hash of its own; who grinds ids to hit it gains a slower answer and nothing else.
 */
export class RecordFilter {
  readonly #bits: Uint8Array;
  readonly #mask: number;

  constructor(records: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(64, records * BITS_PER_RECORD)));
    this.#bits = new Uint8Array(size / 8);
    this.#mask = size - 1;
  }

  /** `record` begins with the get_id and ends with the envelope. */
  add(record: Uint8Array): void {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.#bitOf(record, probe);
      this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }

  /** False is certain. */
  mayHave(record: Uint8Array): boolean {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.#bitOf(record, probe);
      if (((this.#bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  #bitOf(record: Uint8Array, probe: number): number {
    const at = probe * 4;
    return (
      ((wordAt(record, at) ^ wordAt(record, record.length - GET_ID_BYTES + at)) & this.#mask) >>> 0
    );
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}
