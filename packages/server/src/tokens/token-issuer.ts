import type { Evaluation, VoprfKeys } from "@glowworm/protocol";

/** Evaluates what relays ask tokens with: 32 elements take about a tenth of a second. */
export interface TokenIssuer {
  /** One request after the other. @throws {DecodeError} when one of them is no element. */
  evaluate(keys: VoprfKeys, blinded: readonly Uint8Array[]): Promise<Evaluation>;
  /** Lets go of everything; what is waiting fails. */
  close(): Promise<void>;
}
