import type { Clock } from "@glowworm/protocol";
import type { Log, LogEvent } from "../log.ts";

/** The same complaint is not said again for so long. */
const QUIET_MS = 3_600_000;
/** Different complaints in that time: a source can make up as many as its list has hours. */
const COMPLAINTS_MAX = 100;

/** Logs what a mirror copies, refuses and cannot do. Bounded, whatever its source sends. */
export class MirrorDiary {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #said = new Map<string, number>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Says something that an operator wants to see every time. */
  note(event: LogEvent, text: string, facts: Readonly<Record<string, string | number>> = {}): void {
    this.#log({ level: "info", event, text, facts });
  }

  /** Says once an hour what is wrong. */
  complain(event: LogEvent, text: string): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [old, atMs] of this.#said) if (nowMs - atMs >= QUIET_MS) this.#said.delete(old);
    if (this.#said.has(text) || this.#said.size > COMPLAINTS_MAX) return;
    this.#said.set(text, nowMs);
    const isLast = this.#said.size > COMPLAINTS_MAX;
    const line = isLast ? "more is wrong than is said here within an hour" : text;
    this.#log({ level: "warn", event, text: line });
  }
}
