import { integer, part } from "./hex.ts";

const MODULUS = 2n ** 32n;

/** The words a, b and c of an id, by the book and in big integers. */
export function halfSipWords(seed: string, id: string): number[] {
  const [k0, k1] = [wordAt(seed, 0), wordAt(seed, 4)];
  const v = [k0, k1 ^ 0xeen, k0 ^ 0x6c796765n, k1 ^ 0x74656462n];
  for (const m of [0, 4, 8, 12].map((at) => wordAt(id, at)).concat(0x10000000n)) {
    mix(v, 3, m);
    sipRounds(v, 2);
    mix(v, 0, m);
  }
  return [[2, 0xeen] as const, [1, 0xddn] as const, [1, 0xddn] as const].map(
    ([index, constant]) => {
      mix(v, index, constant);
      sipRounds(v, 4);
      return Number(at(v, 1) ^ at(v, 3));
    },
  );
}

/** Whether a well-formed filter has an id. */
export function mayHave(filter: string, id: string): boolean {
  const segment = 2n ** BigInt(`0x${part(filter, 1, 1)}`);
  const segments = BigInt(`0x${part(filter, 2, 4)}`);
  const [a = 0n, b = 0n, c = 0n] = halfSipWords(part(filter, 6, 8), id).map(BigInt);
  const first = (a * segments * segment) / MODULUS;
  const places = [
    first,
    (first + segment) ^ (b % segment),
    (first + 2n * segment) ^ ((b / 0x10000n) % segment),
  ];
  const cells = places.map((place) => BigInt(`0x${part(filter, 14 + 4 * Number(place), 4)}`));
  return integer(Number(c), 4) === integer(Number(cells.reduce((x, y) => x ^ y)), 4);
}

function sipRounds(v: bigint[], count: number): void {
  for (let round = 0; round < count; round++) {
    half(v, 0, 1, 5);
    v[0] = rotated(at(v, 0), 16);
    half(v, 2, 3, 8);
    half(v, 0, 3, 7);
    half(v, 2, 1, 13);
    v[2] = rotated(at(v, 2), 16);
  }
}

/** v[i] += v[j]; v[j] = (v[j] <<< bits) xor v[i]. */
function half(v: bigint[], i: number, j: number, bits: number): void {
  v[i] = (at(v, i) + at(v, j)) % MODULUS;
  v[j] = rotated(at(v, j), bits) ^ at(v, i);
}

function mix(v: bigint[], index: number, word: bigint): void {
  v[index] = at(v, index) ^ word;
}

function rotated(word: bigint, bits: number): bigint {
  return ((word << BigInt(bits)) | (word >> BigInt(32 - bits))) % MODULUS;
}

function at(v: readonly bigint[], index: number): bigint {
  return v[index] ?? 0n;
}

/** Four bytes, little-endian. */
function wordAt(hex: string, offset: number): bigint {
  const bytes = [3, 2, 1, 0].map((index) => part(hex, offset + index, 1));
  return BigInt(`0x${bytes.join("")}`);
}
