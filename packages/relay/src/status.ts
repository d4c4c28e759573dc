import type { ServerState } from "./upload-answer.ts";

/** Whether a relay reports, and if not, why. */
export type Condition = "reporting" | "no-position" | "clock-unsynchronised";

/** What a relay counts while it runs. */
export interface Tallies {
  /** Advertisements of any kind. */
  adverts: number;
  /** Frames of ours among them. */
  frames: number;
  /** Frames heard while there was no position or no synchronised clock, and dropped for it. */
  unusable: number;
  /** Keys reported. */
  keys: number;
  /** Reports sealed. */
  sealed: number;
  /** Keys that anybody could open reports to: never sealed to. */
  weakKeys: number;
  /** Times a new key was left out because too many were new in that minute. */
  sampledOut: number;
}

/** How a relay is doing: numbers and states, no identities and no places. */
export interface RelayStatus extends Readonly<Tallies> {
  readonly condition: Condition;
  readonly server: ServerState;
  readonly uploaded: number;
  /** Reports the server refused for good. */
  readonly refused: number;
  /** Reports in the outbox. */
  readonly waiting: number;
  readonly droppedFull: number;
  readonly droppedExpired: number;
  /** Tags and ids in memory. */
  readonly remembered: number;
}

export function zeroTallies(): Tallies {
  return { adverts: 0, frames: 0, unusable: 0, keys: 0, sealed: 0, weakKeys: 0, sampledOut: 0 };
}

const SUMMARY_INTERVAL_MS = 60_000;

const CONDITION_LINES: Readonly<Record<Condition, string>> = {
  reporting: "reporting",
  "no-position": "no position: nothing is reported until there is one",
  "clock-unsynchronised":
    "the clock is not synchronised: nothing is reported until it is (--assume-synchronised if something else keeps it right)",
};

const SERVER_LINES: Readonly<Record<ServerState, string>> = {
  untried: "server: not tried yet",
  accepting: "server: accepts reports",
  busy: "server: busy; reports are kept and sent later",
  failing: "server: has a fault; reports are kept and sent later",
  unreachable: "server: not reachable; reports are kept and sent later",
  "wrong-server":
    "server: does not answer as a Glowworm server does; reports are kept. Check --server, and that no portal or proxy is in the way",
  "invite-needed":
    "server: takes reports from invited relays only; reports are kept. Ask its operator for an invite, and start this relay with --invite-file FILE",
  "invite-refused":
    "server: does not know this relay's invite, or it has ended; reports are kept. Ask its operator for a new one",
  "token-refused":
    "server: refused an upload token; reports are kept and sent with another. If it goes on, see whether the clock is right",
  "no-token":
    "server: this invite has had its upload tokens of today; reports are kept and sent tomorrow",
  "wrong-tokens":
    "server: issues upload tokens with keys other than those it published, by which it could know this relay; none is used and reports are kept. Ask its operator whether the keys were made anew; only then remove upload-tokens.json from the state folder",
};

/** Turns statuses into lines for a person: one for each change, and at most one summary a minute when numbers moved. */
export class StatusTalk {
  #condition: Condition | null = null;
  #server: ServerState = "untried";
  #summary = "";
  #summaryAtMs: number;

  /** @param nowMs monotonic time. */
  constructor(nowMs: number) {
    this.#summaryAtMs = nowMs;
  }

  /** What there is to say at a monotonic time. `position` describes where positions come from. */
  lines(status: RelayStatus, position: string, nowMs: number): readonly string[] {
    const lines: string[] = [];
    if (status.condition !== this.#condition) {
      const source = status.condition === "no-position" ? ` (${position})` : "";
      lines.push(CONDITION_LINES[status.condition] + source);
      this.#condition = status.condition;
    }
    if (status.server !== this.#server) {
      lines.push(SERVER_LINES[status.server]);
      this.#server = status.server;
    }
    const summary = summaryOf(status);
    if (nowMs - this.#summaryAtMs >= SUMMARY_INTERVAL_MS && summary !== this.#summary) {
      lines.push(summary);
      this.#summary = summary;
      this.#summaryAtMs = nowMs;
    }
    return lines;
  }
}

function summaryOf(status: RelayStatus): string {
  const parts = [
    `keys heard ${status.keys}`,
    `reports sealed ${status.sealed}`,
    `uploaded ${status.uploaded}`,
    `waiting ${status.waiting}`,
  ];
  const troubles: readonly (readonly [string, number])[] = [
    ["frames unusable for want of position or time", status.unusable],
    ["left out in crowded minutes", status.sampledOut],
    ["weak keys refused", status.weakKeys],
    ["refused by the server", status.refused],
    ["dropped: outbox full", status.droppedFull],
    ["dropped: seven days old", status.droppedExpired],
  ];
  for (const [name, count] of troubles) if (count > 0) parts.push(`${name} ${count}`);
  return parts.join(", ");
}
