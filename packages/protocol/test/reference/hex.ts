/** The reference works on lowercase hex throughout: slow, and nothing to get wrong. */
export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/** Hex strings one after the other. */
export function join(...parts: readonly string[]): string {
  return parts.join("");
}

/** `count` bytes of hex from a byte offset. */
export function part(hex: string, offset: number, count: number): string {
  return hex.slice(2 * offset, 2 * (offset + count));
}

/** A whole number as big-endian hex; negative numbers in two's complement. */
export function integer(value: number, bytes: number): string {
  const modulus = 2n ** BigInt(8 * bytes);
  const wrapped = (BigInt(value) + modulus) % modulus;
  return wrapped.toString(16).padStart(2 * bytes, "0");
}

/** The xor of two strings of one length. */
export function xor(a: string, b: string): string {
  const left = bytesOf(a);
  const right = bytesOf(b);
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0))).toString("hex");
}
