import { ristretto255_oprf } from "@noble/curves/ed25519.js";
import { DecodeError, ProtocolError } from "../errors.ts";
import type { RandomSource } from "../world.ts";

/** Bytes of a group element. */
export const ELEMENT_BYTES: number = 32;
/** Bytes of a proof that one key made all outputs: challenge and response. */
export const PROOF_BYTES: number = 64;
/** Bytes of the function's output. */
export const OUTPUT_BYTES: number = 64;

/** A key pair of the function: a scalar and an element. */
export interface VoprfKeys {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** An input on its way to the issuer and back. `blind` stays here. */
export interface Blinding {
  readonly input: Uint8Array;
  readonly blind: Uint8Array;
  readonly blinded: Uint8Array;
}

/** What the issuer answers to a list of blinded elements: one evaluated element for each, and one proof for all. */
export interface Evaluation {
  readonly evaluated: readonly Uint8Array[];
  readonly proof: Uint8Array;
}

/** An issuer's answer was not made with the key it published: nothing of it is used. */
export class ProofError extends ProtocolError {
  override readonly name = "ProofError";
  readonly code = "wrong-proof";
}

/*
 * VOPRF(ristretto255, SHA-512) of RFC 9497. The library's scalars are BigInts and so not constant time: who measures an
 * issuer closely may learn about a key that admits uploads for two days, and nothing about a token's owner.
 */
const voprf: Voprf = ristretto255_oprf.voprf as Voprf;

/** `Evaluate` is there (RFC 9497 section 3.3.2); the library's types name it for another mode only. */
type Voprf = typeof ristretto255_oprf.voprf & {
  evaluate(secretKey: Uint8Array, input: Uint8Array): Uint8Array;
};

/** `DeriveKeyPair` of RFC 9497 section 3.2.1, from 32 secret bytes. @see docs/protocol.md section 8.6 */
export function deriveVoprfKeys(seed: Uint8Array, info: Uint8Array): VoprfKeys {
  return voprf.deriveKeyPair(seed, info);
}

/** `Blind`: hides an input so that the issuer cannot know it again. @see docs/protocol.md section 8.6 */
export function blindInput(random: RandomSource, input: Uint8Array): Blinding {
  return { input, ...voprf.blind(input, rngOf(random)) };
}

/**
 * `BlindEvaluate` with a batched proof.
 * @throws {DecodeError} `bad-value` when one of them is no element, or the identity. @see docs/protocol.md section 8.6
 */
export function evaluateBlinded(
  random: RandomSource,
  keys: VoprfKeys,
  blinded: readonly Uint8Array[],
): Evaluation {
  try {
    const elements = [...blinded];
    return voprf.blindEvaluateBatch(keys.secretKey, keys.publicKey, elements, rngOf(random));
  } catch {
    throw new DecodeError("bad-value", "issue.blinded", 0, "not an element of the group");
  }
}

/**
 * `Finalize`: checks the proof, then unblinds. One output for each blinding, 64 bytes.
 * @throws {ProofError} when anything of the answer is not as that key makes it. @see docs/protocol.md section 8.6
 */
export function finalizeOutputs(
  publicKey: Uint8Array,
  blindings: readonly Blinding[],
  { evaluated, proof }: Evaluation,
): readonly Uint8Array[] {
  if (evaluated.length !== blindings.length) {
    throw new ProofError(`expected ${blindings.length} elements, got ${evaluated.length}`);
  }
  const items = blindings.map((blinding, index) => ({
    ...blinding,
    evaluated: evaluated[index] ?? new Uint8Array(),
  }));
  try {
    return voprf.finalizeBatch(items, publicKey, proof);
  } catch (cause) {
    throw new ProofError("the answer was not made with the published key", { cause });
  }
}

/** The function itself, for who holds the key. @see docs/protocol.md section 8.6 */
export function evaluateInput(keys: VoprfKeys, input: Uint8Array): Uint8Array {
  return voprf.evaluate(keys.secretKey, input);
}

function rngOf(random: RandomSource): (length?: number) => Uint8Array<ArrayBuffer> {
  return (length = 32) => new Uint8Array(random.bytes(length));
}
