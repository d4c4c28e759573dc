import type { Failure } from "@glowworm/platform";
import type { Advert, Scanner } from "@glowworm/radio";
import type { Fix, PositionSource } from "../../src/index.ts";
import { FIX } from "./beacons.ts";

/** A scanner that hears what a test tells it. */
export class FakeScanner implements Scanner {
  hear: (advert: Advert) => void = () => {};
  lose: (failure: Failure) => void = () => {};
  isScanning = false;

  async start(
    onAdvert: (advert: Advert) => void,
    onLost?: (failure: Failure) => void,
  ): Promise<void> {
    this.hear = onAdvert;
    this.lose = onLost ?? this.lose;
    this.isScanning = true;
  }

  async stop(): Promise<void> {
    this.isScanning = false;
  }
}

/** A position that a test sets. */
export class FakePosition implements PositionSource {
  fix: Fix | null = FIX;

  current(): Fix | null {
    return this.fix;
  }

  describe(): string {
    return "a test";
  }
}
