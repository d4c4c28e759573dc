import { compareBytes, STORABLE_RECORD_BYTES, STORED_RECORD_BYTES } from "@glowworm/protocol";

/** Leading bytes of an id: so many slices of an hour are worked on one after the other. */
const SLICES = 256;
/** Up to here an hour is one slice, 9 MB. */
const SLICED_FROM_RECORDS = 65_536;

/** Whole stored records in order, some at a time. */
export type RecordSource = AsyncIterable<Uint8Array>;

/**
 * Records of all sources in canonical order without repetition, the earliest arrival of each, and none that `known` has.
 * Slice by slice: an hour never has to fit into memory, as long as ids are spread like hashes.
 * @param records how many there are at most, to choose the slices by.
 */
export async function* mergeRecords(
  sources: readonly RecordSource[],
  known: RecordSource,
  records: number,
): AsyncGenerator<Uint8Array> {
  const slices = records > SLICED_FROM_RECORDS ? SLICES : 1;
  const readers = sources.map((source) => new SliceReader(source));
  const knownReader = new SliceReader(known);
  for (let slice = 1; slice <= slices; slice++) {
    const below = (slice * 256) / slices;
    const found = (await Promise.all(readers.map((reader) => reader.take(below)))).flat();
    const keys = new Set((await knownReader.take(below)).map(keyOf));
    for (const record of found.sort(compareBytes)) {
      const key = keyOf(record);
      if (keys.has(key)) continue;
      keys.add(key);
      yield record;
    }
  }
}

/** Takes a source apart at leading bytes. */
class SliceReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: RecordSource) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next records whose first byte is below `bound`. */
  async take(bound: number): Promise<readonly Uint8Array[]> {
    const taken: Uint8Array[] = [];
    for (;;) {
      for (let at = 0; at < this.#rest.length; at += STORED_RECORD_BYTES) {
        if ((this.#rest[at] ?? 0) >= bound) {
          this.#rest = this.#rest.subarray(at);
          return taken;
        }
        taken.push(this.#rest.subarray(at, at + STORED_RECORD_BYTES));
      }
      const next = await this.#source.next();
      this.#rest = next.done === true ? new Uint8Array() : next.value;
      if (next.done === true) return taken;
    }
  }
}

/** Id and envelope; a string, because a set compares it by content. */
function keyOf(record: Uint8Array): string {
  return Buffer.from(record.buffer, record.byteOffset, STORABLE_RECORD_BYTES).toString("latin1");
}
