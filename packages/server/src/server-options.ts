import type { Admission } from "@glowworm/protocol";
import type { OperatorWords } from "./about.ts";
import type { GateOptions } from "./http/gate-options.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { StoreOptions } from "./open-store.ts";

/** What a server is made with. */
export interface ServerOptions extends GateOptions, Omit<StoreOptions, "onDamage" | "onCommit"> {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What `/about` says for the operator; nothing when absent. */
  readonly words?: OperatorWords;
  /** Who may upload: `public`, everybody, when absent. */
  readonly admission?: Admission;
  /** Where `/metrics` listens, and what is counted; nothing is counted when absent. */
  readonly metrics?: { readonly host: string; readonly port: number; readonly of: Metrics };
  /** Silent when absent. */
  readonly log?: Log;
}
