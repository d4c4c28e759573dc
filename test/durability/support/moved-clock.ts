import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

const PRELOAD = new URL("./moved-clock.mjs", import.meta.url).href;

/** The wall clock of programs started with `args` and `env`: the machine's, and further ahead with every `advance`. */
export class MovedClock {
  readonly args: readonly string[] = ["--import", PRELOAD];
  readonly env: Readonly<Record<string, string>>;
  readonly #file: number;
  #aheadMs = 0;

  /** @param folder where the clock's file is made. */
  constructor(folder: string) {
    const path = join(folder, "clock");
    this.#file = openSync(path, "w");
    this.env = { GLOWWORM_TEST_CLOCK: path };
    this.advance(0);
  }

  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Running programs see it at once. */
  advance(ms: number): void {
    this.#aheadMs += ms;
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(this.#aheadMs);
    writeSync(this.#file, bytes, 0, 8, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
