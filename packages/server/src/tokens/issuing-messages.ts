import type { Evaluation, VoprfKeys } from "@glowworm/protocol";

/** What the issuing thread is asked. */
export interface IssuingRequest {
  readonly keys: VoprfKeys;
  readonly blinded: readonly Uint8Array[];
}

/** What it answers, in the order of the questions: null when something asked for is no element. */
export type IssuingReply = Evaluation | null;
