import type { Failure } from "@glowworm/platform";

/** One advertisement as it was heard. Always copies: nothing here changes afterwards. */
export interface Advert {
  /** Wall time at which it was heard, milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** Advertising data: AD structures back to back, as received. */
  readonly data: Uint8Array;
  /** Signal strength in dBm, or null when the controller does not say. */
  readonly rssiDbm: number | null;
  /** Advertiser's address, most significant byte first; null where the system hides it. */
  readonly address: Uint8Array | null;
}

/** Hears advertisements, passively. */
export interface Scanner {
  /**
   * Starts; settles when scanning. `onAdvert` must not throw. `onLost` is called at most once, when the radio has been
   * away for so long that only a restart of the program can bring it back. @throws {Failure}
   */
  start(onAdvert: (advert: Advert) => void, onLost?: (failure: Failure) => void): Promise<void>;
  /** Stops; settles when the radio is quiet. */
  stop(): Promise<void>;
}

/** Says one advertisement over and over: non-connectable, non-scannable, from an address of its own. */
export interface Advertiser {
  /** Takes the radio, and ends what a predecessor may have left on the air. Again: takes it anew. @throws {Failure} */
  start(): Promise<void>;
  /**
   * Replaces the advertising data; with `address` (6 bytes, most significant first) the address as well, in one step.
   * The first one needs an address. @throws {Failure} the radio is then silent until a later call succeeds.
   */
  set(data: Uint8Array, address?: Uint8Array): Promise<void>;
  /** Stops; settles when the radio is quiet. */
  stop(): Promise<void>;
}
