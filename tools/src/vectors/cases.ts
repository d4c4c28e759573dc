import { fromHex, toHex } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import type { CaseDraft, Expectation } from "./model.ts";

/** Makes the cases of an operation whose only input is bytes. */
export function bytesCases(
  prefix: string,
  spec: string,
  operation: string,
): (id: string, comment: string, bytes: string, expect: Expectation) => CaseDraft {
  return (id, comment, bytes, expect) => ({
    id: `${prefix}-${id}`,
    spec,
    comment,
    operation,
    expect,
    input: { bytes },
  });
}

/** Bytes that belong to a name: the same in every run. */
export function named(name: string, length: number): string {
  return toHex(seededRandom(`vectors ${name}`).bytes(length));
}

/** The hex with one byte replaced. */
export function withByte(hex: string, index: number, value: number): string {
  const bytes = fromHex(hex);
  bytes[index] = value;
  return toHex(bytes);
}

/** The hex with `field` written at a byte offset. */
export function withField(hex: string, offset: number, field: string): string {
  return hex.slice(0, 2 * offset) + field + hex.slice(2 * offset + field.length);
}

/** The hex with one bit of one byte turned over. */
export function flipped(hex: string, index: number): string {
  return withByte(hex, index, (fromHex(hex)[index] ?? 0) ^ 1);
}

/** The first `length` bytes. */
export function cut(hex: string, length: number): string {
  return hex.slice(0, 2 * length);
}

/** `count` zero bytes. */
export function zeros(count: number): string {
  return "00".repeat(count);
}
