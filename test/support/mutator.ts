/** Values that lie at the edges of fields. */
const EDGES: readonly number[] = [0, 1, 2, 3, 4, 9, 10, 13, 32, 34, 47, 58, 127, 128, 254, 255];

/**
 * Damages bytes, millions of times a second and the same way for the same seed: flips, edge values, cuts, repeats, moves and
 * noise, a few at a time.
 */
export class Mutator {
  #state: number;

  /** @param seed any whole number. */
  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 1;
  }

  /** A whole number from 0 to below `limit`, which is at most 2^31. */
  below(limit: number): number {
    // xorshift32 of Marsaglia: of no use for secrets, and fast.
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % limit;
  }

  /** One of the things. */
  oneOf<T>(things: readonly T[]): T {
    const thing = things[this.below(things.length)];
    if (thing === undefined) throw new Error("nothing to choose from");
    return thing;
  }

  /** A copy that differs in up to four places, at most `longest` bytes long. */
  mutate(bytes: Uint8Array, longest: number): Uint8Array {
    let mutant: Uint8Array = bytes.slice();
    for (let times = 1 + this.below(4); times > 0; times--) mutant = this.#damage(mutant);
    return mutant.length > longest ? mutant.subarray(0, longest) : mutant;
  }

  #damage(bytes: Uint8Array): Uint8Array {
    const at = this.below(bytes.length + 1);
    switch (this.below(7)) {
      case 0:
        return this.#set(bytes, at, (bytes[at] ?? 0) ^ (1 << this.below(8)));
      case 1:
        return this.#set(bytes, at, this.oneOf(EDGES));
      case 2:
        return this.#set(bytes, at, this.below(256));
      case 3:
        return bytes.slice(0, at);
      case 4:
        return joined(bytes.subarray(0, at), bytes.subarray(this.below(at + 1)));
      case 5:
        return joined(bytes.subarray(0, at), this.#noise(1 + this.below(16)), bytes.subarray(at));
      default:
        return bytes.copyWithin(at, this.below(bytes.length + 1));
    }
  }

  #set(bytes: Uint8Array, at: number, value: number): Uint8Array {
    if (at < bytes.length) bytes[at] = value;
    return bytes;
  }

  #noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
