import { PACKET } from "./hci.ts";

/** Bytes of the length field after packet type, and how many bytes stand before it, by packet type. */
interface Shape {
  readonly headerBytes: number;
  readonly lengthOf: (header: Uint8Array) => number;
}

const SHAPES: ReadonlyMap<number, Shape> = new Map([
  [PACKET.acl, { headerBytes: 5, lengthOf: (h) => (h[3] ?? 0) | ((h[4] ?? 0) << 8) }],
  [PACKET.sco, { headerBytes: 4, lengthOf: (h) => h[3] ?? 0 }],
  [PACKET.event, { headerBytes: 3, lengthOf: (h) => h[2] ?? 0 }],
  [PACKET.iso, { headerBytes: 5, lengthOf: (h) => ((h[3] ?? 0) | ((h[4] ?? 0) << 8)) & 0x3fff }],
]);

/** The longest event: header and 255 bytes. */
const EVENT_MAX_BYTES = 258;

/**
 * Cuts a byte stream from a controller into events, however it was chopped. Packets of connections are skipped without
 * being kept, so that never more than one event (258 bytes) is held. Core Specification, Vol 4, Part A, 2.
 */
export class H4Framing {
  readonly #held: Uint8Array = new Uint8Array(EVENT_MAX_BYTES);
  #heldBytes = 0;
  #skipBytes = 0;

  /** Whole events in the stream up to here, or null when a byte is no packet type: the stream is then useless. */
  push(chunk: Uint8Array): Uint8Array[] | null {
    const events: Uint8Array[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, chunk.length - at);
        this.#skipBytes -= skipped;
        at += skipped;
        continue;
      }
      this.#held[this.#heldBytes++] = chunk[at++] ?? 0;
      const shape = SHAPES.get(this.#held[0] ?? 0);
      if (shape === undefined) return null;
      const event = this.#complete(shape);
      if (event !== null) events.push(event);
    }
    return events;
  }

  #complete(shape: Shape): Uint8Array | null {
    if (this.#heldBytes < shape.headerBytes) return null;
    const length = shape.lengthOf(this.#held);
    const isEvent = this.#held[0] === PACKET.event;
    if (isEvent && this.#heldBytes < shape.headerBytes + length) return null;
    const event = isEvent ? this.#held.slice(0, this.#heldBytes) : null;
    this.#skipBytes = isEvent ? 0 : length;
    this.#heldBytes = 0;
    return event;
  }
}
