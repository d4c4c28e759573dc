import { DecodeError, UsageError } from "./errors.ts";

const HEX = /^(?:[0-9a-f]{2})*$/;

/** Lowercase hex of the bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Bytes of a lowercase hex string. @throws {UsageError} for anything else. */
export function fromHex(hex: string): Uint8Array {
  if (!HEX.test(hex))
    throw new UsageError("hex: expected an even number of characters 0-9 and a-f");
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/** The bytes of an ASCII label. */
export function ascii(label: string): Uint8Array {
  const bytes = new Uint8Array(label.length);
  for (let at = 0; at < label.length; at++) bytes[at] = label.charCodeAt(at);
  return bytes;
}

/** One new array holding all parts in order. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Byte-wise order: negative, zero or positive, shorter first among equals. Not constant time. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Whether both hold the same bytes. Not constant time: use on public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Whether every byte is zero. */
export function isAllZero(bytes: Uint8Array): boolean {
  let bits = 0;
  for (const byte of bytes) bits |= byte;
  return bits === 0;
}

/** @throws {UsageError} naming the argument when its length is wrong. */
export function assertLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new UsageError(`${name}: expected ${length} bytes, got ${bytes.length}`);
  }
}

/** Reads big-endian fields in order. Every read names its field; overruns and leftovers are refused. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** A copy of the next `length` bytes. */
  bytes(field: string, length: number): Uint8Array {
    const at = this.#take(field, length);
    return this.#bytes.slice(at, at + length);
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(field, 1));
  }

  i8(field: string): number {
    return this.#view.getInt8(this.#take(field, 1));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#take(field, 2));
  }

  i16(field: string): number {
    return this.#view.getInt16(this.#take(field, 2));
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(field, 4));
  }

  i32(field: string): number {
    return this.#view.getInt32(this.#take(field, 4));
  }

  /** @throws {DecodeError} `trailing-bytes` when anything is left. */
  end(structure: string): void {
    if (this.#offset !== this.#bytes.length) {
      throw new DecodeError("trailing-bytes", structure, this.#offset);
    }
  }

  #take(field: string, length: number): number {
    const at = this.#offset;
    if (at + length > this.#bytes.length) throw new DecodeError("truncated", field, at);
    this.#offset = at + length;
    return at;
  }
}

/** Writes big-endian fields in order into a buffer of a size fixed beforehand. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
    this.#view = new DataView(this.#bytes.buffer);
  }

  bytes(field: string, value: Uint8Array, length: number): this {
    assertLength(field, value, length);
    this.#bytes.set(value, this.#take(length));
    return this;
  }

  u8(field: string, value: number): this {
    this.#view.setUint8(this.#take(1), inRange(field, value, 0, 0xff));
    return this;
  }

  i8(field: string, value: number): this {
    this.#view.setInt8(this.#take(1), inRange(field, value, -0x80, 0x7f));
    return this;
  }

  u16(field: string, value: number): this {
    this.#view.setUint16(this.#take(2), inRange(field, value, 0, 0xffff));
    return this;
  }

  i16(field: string, value: number): this {
    this.#view.setInt16(this.#take(2), inRange(field, value, -0x8000, 0x7fff));
    return this;
  }

  u32(field: string, value: number): this {
    this.#view.setUint32(this.#take(4), inRange(field, value, 0, 0xffffffff));
    return this;
  }

  i32(field: string, value: number): this {
    this.#view.setInt32(this.#take(4), inRange(field, value, -0x80000000, 0x7fffffff));
    return this;
  }

  /** The finished buffer. @throws {UsageError} when fields are missing. */
  finish(): Uint8Array {
    if (this.#offset !== this.#bytes.length) {
      throw new UsageError(`wrote ${this.#offset} of ${this.#bytes.length} bytes`);
    }
    return this.#bytes;
  }

  #take(length: number): number {
    const at = this.#offset;
    this.#offset = at + length;
    return at;
  }
}

function inRange(field: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    // The value stays out of the message: it may be a coordinate.
    throw new UsageError(`${field}: expected a whole number from ${low} to ${high}`);
  }
  return value;
}
