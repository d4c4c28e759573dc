import type { RandomSource } from "@glowworm/protocol";

const ADDRESS_BYTES: number = 6;

/**
 * A fresh non-resolvable private address: 6 bytes, most significant first. The two top bits are 00; of the other 46
 * neither all are 0 nor all are 1, as the Bluetooth Core Specification (Vol 6, Part B, 1.3.2.2) demands.
 */
export function randomAddress(random: RandomSource): Uint8Array {
  for (;;) {
    const address = random.bytes(ADDRESS_BYTES);
    address[0] = (address[0] ?? 0) & 0x3f;
    if (isNonResolvable(address)) return address;
  }
}

/** Whether six bytes, most significant first, are a valid non-resolvable private address. */
export function isNonResolvable(address: Uint8Array): boolean {
  const [first = 0xff, ...rest] = address;
  const areAllZero = first === 0 && rest.every((byte) => byte === 0);
  const areAllOne = first === 0x3f && rest.every((byte) => byte === 0xff);
  return address.length === ADDRESS_BYTES && first <= 0x3f && !areAllZero && !areAllOne;
}
