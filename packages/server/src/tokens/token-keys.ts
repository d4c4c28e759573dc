import {
  type Clock,
  DAY_SECONDS,
  dayOf,
  secondsNow,
  TOKEN_KEY_DAYS,
  type TokenKeyList,
  toHex,
  tokenKeysOf,
  type VoprfKeys,
} from "@glowworm/protocol";

/** The keys of a server for upload tokens: one pair a day, all made from the token secret. */
export class TokenKeys {
  readonly #secret: Uint8Array;
  readonly #clock: Clock;
  /** By day: of the days that are listed, and no others. */
  readonly #made: Map<number, VoprfKeys> = new Map();

  /** @param secret 32 bytes. */
  constructor(secret: Uint8Array, clock: Clock) {
    this.#secret = secret;
    this.#clock = clock;
  }

  get today(): number {
    return dayOf(secondsNow(this.#clock));
  }

  get secondsToTomorrow(): number {
    return DAY_SECONDS - (secondsNow(this.#clock) % DAY_SECONDS);
  }

  /** The pair of a day. */
  of(day: number): VoprfKeys {
    const known = this.#made.get(day);
    if (known !== undefined) return known;
    const made = tokenKeysOf(this.#secret, day);
    for (const old of this.#made.keys()) {
      if (Math.abs(old - day) > TOKEN_KEY_DAYS.past + TOKEN_KEY_DAYS.ahead) this.#made.delete(old);
    }
    this.#made.set(day, made);
    return made;
  }

  /** The public keys, the same for everybody who asks. */
  list(): TokenKeyList {
    const first = this.today - TOKEN_KEY_DAYS.past;
    const days = TOKEN_KEY_DAYS.past + 1 + TOKEN_KEY_DAYS.ahead;
    const keys = Array.from({ length: days }, (_, index) => {
      const day = first + index;
      return { day, publicKey: toHex(this.of(day).publicKey) };
    });
    return { v: 1, keys };
  }
}
