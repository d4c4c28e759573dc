import {
  blindInput,
  concat,
  decodeInvite,
  decodeIssueAnswer,
  decodeIssueRequest,
  decodeTokenKeys,
  decodeUploadToken,
  deriveVoprfKeys,
  draftTokens,
  encodeInvite,
  encodeIssueAnswer,
  encodeIssueRequest,
  encodeUploadToken,
  evaluateBlinded,
  finalizeOutputs,
  finishTokens,
  inviteHash,
  isGenuine,
  type RandomSource,
  toHex,
  tokenKeysOf,
} from "@glowworm/protocol";
import type { Computed, Input, JsonObject, Operation } from "./model.ts";
import { bytesInTurn, lastOf } from "./shapes.ts";

/** What is done with invites and upload tokens. */
export const TOKEN_OPERATIONS: Readonly<Record<string, Operation>> = {
  voprf: (_crypto, input) => voprf(input),
  encodeInvite: (crypto, input) => {
    const secret = input.bytes("secret");
    return ok({ text: encodeInvite(crypto, secret), kept: toHex(inviteHash(crypto, secret)) });
  },
  decodeInvite: (crypto, input) => ok({ secret: toHex(decodeInvite(crypto, input.text("text"))) }),
  tokenKey: (_crypto, input) => {
    const { publicKey } = tokenKeysOf(input.bytes("tokenSecret"), input.number("day"));
    return ok({ publicKey: toHex(publicKey) });
  },
  decodeTokenKeys: (_crypto, input) => {
    const keys = decodeTokenKeys(input.text("text"));
    return ok({ keys: [...keys].map(([day, key]) => ({ day, publicKey: toHex(key) })) });
  },
  issueTokens: (_crypto, input) => issueTokens(input),
  decodeIssueRequest: (_crypto, input) => {
    const { invite, day, blinded } = decodeIssueRequest(input.bytes("bytes"));
    return ok({ invite: toHex(invite), day, blinded: blinded.map(toHex) });
  },
  decodeIssueAnswer: (_crypto, input) => {
    const { day, evaluated, proof } = decodeIssueAnswer(input.bytes("bytes"));
    return ok({ day, evaluated: evaluated.map(toHex), proof: toHex(proof) });
  },
  decodeUploadToken: (_crypto, input) => {
    const { day, nonce, output } = decodeUploadToken(input.bytes("bytes"));
    return ok({ day, nonce: toHex(nonce), output: toHex(output) });
  },
  checkToken: (_crypto, input) => {
    const token = decodeUploadToken(input.bytes("bytes"));
    return isGenuine(tokenKeysOf(input.bytes("tokenSecret"), token.day), token) ? ok({}) : null;
  },
};

/** Scalars are given as the RFC gives them. */
function voprf(input: Input): Computed {
  const keys = deriveVoprfKeys(input.bytes("seed"), input.bytes("keyInfo"));
  const blindings = input
    .objects("inputs")
    .map((item) => blindInput(drawing(item.bytes("blind")), item.bytes("input")));
  const evaluation = evaluateBlinded(
    drawing(input.bytes("proofRandomScalar")),
    keys,
    blindings.map(({ blinded }) => blinded),
  );
  const outputs = finalizeOutputs(keys.publicKey, blindings, evaluation);
  return {
    intermediate: {
      secretKey: toHex(keys.secretKey),
      publicKey: toHex(keys.publicKey),
      blinded: blindings.map(({ blinded }) => toHex(blinded)),
      evaluated: evaluation.evaluated.map(toHex),
      proof: toHex(evaluation.proof),
    },
    output: { outputs: outputs.map(toHex) },
  };
}

function issueTokens(input: Input): Computed {
  const keys = tokenKeysOf(input.bytes("tokenSecret"), input.number("day"));
  const random: RandomSource = { bytes: bytesInTurn(input.bytes("random")) };
  const draft = draftTokens(random, input.number("day"));
  const blinded = draft.blindings.map((blinding) => blinding.blinded);
  const evaluation = evaluateBlinded(random, keys, blinded);
  const tokens = finishTokens(draft, keys.publicKey, evaluation);
  const request = { invite: input.bytes("invite"), day: draft.day, blinded };
  return {
    intermediate: {
      publicKey: toHex(keys.publicKey),
      request: toHex(encodeIssueRequest(request)),
      answer: toHex(encodeIssueAnswer({ day: draft.day, ...evaluation })),
    },
    output: { tokens: tokens.length, lastToken: toHex(encodeUploadToken(lastOf(tokens))) },
  };
}

/**
 * Randomness out of which the library draws this scalar: it takes 48 bytes, little-endian, modulo the order less one,
 * and adds one.
 */
function drawing(scalar: Uint8Array): RandomSource {
  const less = Uint8Array.from(scalar);
  let at = 0;
  while (less[at] === 0) less[at++] = 0xff;
  less[at] = (less[at] ?? 0) - 1;
  return { bytes: (length) => concat(less, new Uint8Array(length - less.length)) };
}

function ok(output: JsonObject): Computed {
  return { output };
}
