import type { Clock } from "@glowworm/protocol";

const QUIET_MS = 60_000;

interface Seen {
  atMs: number;
  unsaid: number;
}

/**
 * Says each kind of error at most once a minute, and how often it happened meanwhile: nobody who can cause errors can
 * fill a disk with them. `kind` is one of a few fixed phrases.
 */
export class ErrorLog {
  readonly #clock: Clock;
  readonly #say: (line: string) => void;
  readonly #seen: Map<string, Seen> = new Map();

  constructor(clock: Clock, say: (line: string) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  report(kind: string, error: unknown): void {
    const seen = this.#seen.get(kind);
    const nowMs = this.#clock.monotonicMs();
    if (seen !== undefined && nowMs - seen.atMs < QUIET_MS) {
      seen.unsaid += 1;
      return;
    }
    const more = seen === undefined || seen.unsaid === 0 ? "" : ` (and ${seen.unsaid} times since)`;
    this.#seen.set(kind, { atMs: nowMs, unsaid: 0 });
    this.#say(`server: ${kind}: ${error instanceof Error ? error.message : String(error)}${more}`);
  }
}
