import { messageOf } from "@glowworm/platform";
import type { Clock } from "@glowworm/protocol";
import type { Log } from "./log.ts";

const QUIET_MS = 60_000;

interface Seen {
  atMs: number;
  unsaid: number;
}

/**
 * Logs each kind of error at most once a minute, and how often it happened meanwhile: nobody who can cause errors can
 * fill a disk with them. `kind` is one of a few fixed phrases.
 */
export class ErrorLog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #seen: Map<string, Seen> = new Map();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  report(kind: string, error: unknown): void {
    const seen = this.#seen.get(kind);
    const nowMs = this.#clock.monotonicMs();
    if (seen !== undefined && nowMs - seen.atMs < QUIET_MS) {
      seen.unsaid += 1;
      return;
    }
    const unsaid = seen?.unsaid ?? 0;
    const more = unsaid === 0 ? "" : ` (and ${unsaid} times since)`;
    this.#seen.set(kind, { atMs: nowMs, unsaid: 0 });
    const message = messageOf(error);
    this.#log({
      level: "error",
      event: "error",
      text: `${kind}: ${message}${more}`,
      facts: { kind, error: message, unsaid },
    });
  }
}
