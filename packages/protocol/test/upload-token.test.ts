import { ristretto255 } from "@noble/curves/ed25519.js";
import { describe, expect, it } from "vitest";
import {
  blindInput,
  decodeUploadToken,
  draftTokens,
  type Evaluation,
  encodeIssueAnswer,
  encodeIssueRequest,
  encodeUploadToken,
  evaluateBlinded,
  finishTokens,
  isGenuine,
  ProofError,
  TOKENS_PER_ISSUE,
  type TokenDraft,
  toHex,
  tokenKeysOf,
  type UploadToken,
} from "../src/index.ts";
import { seededRandom } from "../src/testing/index.ts";

const DAY = 20_454;
const random = seededRandom("upload tokens");
const SECRET = random.bytes(32);
const keys = tokenKeysOf(SECRET, DAY);
const { Point } = ristretto255;
const { Fn } = Point;

interface Session {
  readonly draft: TokenDraft;
  readonly blinded: readonly Uint8Array[];
  readonly evaluation: Evaluation;
  readonly tokens: readonly UploadToken[];
}

/** All a server sees of one relay: the request and answer of issuing, and the tokens when they are spent. */
function session(): Session {
  const draft = draftTokens(random, DAY);
  const blinded = draft.blindings.map((blinding) => blinding.blinded);
  const evaluation = evaluateBlinded(random, keys, blinded);
  const tokens = finishTokens(draft, keys.publicKey, evaluation);
  return { draft, blinded, evaluation, tokens };
}
const ours = session();
const theirs = session();

describe("upload tokens", () => {
  it("are genuine under the key of their day, and under no other", () => {
    expect(ours.tokens.length).toBe(TOKENS_PER_ISSUE);
    for (const token of ours.tokens.slice(0, 4)) {
      const sent = decodeUploadToken(encodeUploadToken(token));
      expect(isGenuine(keys, sent)).toBe(true);
      expect(isGenuine(tokenKeysOf(SECRET, DAY + 1), sent)).toBe(false);
      expect(isGenuine(keys, { ...sent, day: DAY + 1 })).toBe(false);
    }
  });

  it("share no eight bytes with anything that was seen when they were issued, but for their label", () => {
    const seen = [
      encodeIssueRequest({ invite: random.bytes(16), day: DAY, blinded: ours.blinded }),
      encodeIssueAnswer({ day: DAY, ...ours.evaluation }),
    ].map(toHex);
    for (const { nonce, output } of ours.tokens) {
      for (const hex of [toHex(nonce), toHex(output)]) {
        for (let at = 0; at + 16 <= hex.length; at += 2) {
          const piece = hex.slice(at, at + 16);
          expect(seen.some((text) => text.includes(piece))).toBe(false);
        }
      }
    }
  });

  it("fit every issuing alike: for any input and any element seen there is one blind that makes one of the other", () => {
    // Nobody can compute logarithms of hashed inputs, so these inputs and elements are made of known ones.
    const inputs = [3n, 5n, 7n].map((log) => ({ log, element: Point.BASE.multiply(log) }));
    const logs = [11n, 13n, 17n];
    const seen = logs.map((log) => Point.BASE.multiply(log).toBytes());
    const { evaluated } = evaluateBlinded(random, keys, seen);
    for (const input of inputs) {
      const spent = input.element.multiply(Fn.fromBytes(keys.secretKey)).toBytes();
      logs.forEach((log, index) => {
        const blind = Fn.mul(log, Fn.inv(input.log));
        expect(input.element.multiply(blind).toBytes()).toEqual(seen[index]);
        const answer = Point.fromBytes(evaluated[index] ?? new Uint8Array());
        expect(answer.multiply(Fn.inv(blind)).toBytes()).toEqual(spent);
      });
    }
  });

  it("are blinded by randomness that nothing else comes from: one input gives another element each time", () => {
    const input = ours.draft.blindings[0]?.input ?? new Uint8Array();
    const elements = Array.from({ length: 8 }, () => toHex(blindInput(random, input).blinded));
    expect(new Set([...elements, ...ours.blinded.map(toHex)]).size).toBe(8 + TOKENS_PER_ISSUE);
  });

  it("are spread over the group and the bytes as if they were drawn, whoever they were issued to", () => {
    const bits = [...ours.tokens, ...theirs.tokens].flatMap(({ output }) => [...output]);
    const ones = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
    // 32,768 coins of a fixed seed: six standard deviations are 543.
    expect(Math.abs(ones - 4 * bits.length)).toBeLessThan(543);
    const nonces = [...ours.tokens, ...theirs.tokens].map(({ nonce }) => toHex(nonce));
    expect(new Set(nonces).size).toBe(2 * TOKENS_PER_ISSUE);
  });
});

describe("a relay refuses the answer of a server that", () => {
  const { draft, evaluation } = ours;
  const identity = Point.ZERO.toBytes();
  const swapped = [...evaluation.evaluated];
  [swapped[0], swapped[1]] = [
    evaluation.evaluated[1] ?? identity,
    evaluation.evaluated[0] ?? identity,
  ];
  const withFirst = (element: Uint8Array): Uint8Array[] => [
    element,
    ...evaluation.evaluated.slice(1),
  ];
  const otherKey = evaluateBlinded(random, tokenKeysOf(random.bytes(32), DAY), ours.blinded);

  it.each([
    ["uses a key of its own for this relay", otherKey],
    ["sends the proof of another answer", { ...evaluation, proof: theirs.evaluation.proof }],
    ["sends a proof of zeros", { ...evaluation, proof: new Uint8Array(64) }],
    ["sends half a proof", { ...evaluation, proof: evaluation.proof.slice(0, 32) }],
    [
      "sends a proof of values out of range",
      { ...evaluation, proof: new Uint8Array(64).fill(255) },
    ],
    ["leaves one out", { ...evaluation, evaluated: evaluation.evaluated.slice(1) }],
    ["adds one", { ...evaluation, evaluated: [...evaluation.evaluated, identity] }],
    ["swaps two", { ...evaluation, evaluated: swapped }],
    ["repeats one", { ...evaluation, evaluated: withFirst(swapped[0] ?? identity) }],
    ["sends the identity", { ...evaluation, evaluated: withFirst(identity) }],
    ["sends no element", { ...evaluation, evaluated: withFirst(new Uint8Array(32).fill(255)) }],
    ["sends back what it got", { ...evaluation, evaluated: ours.blinded }],
  ])("%s", (_case, answer) => {
    expect(() => finishTokens(draft, keys.publicKey, answer)).toThrow(ProofError);
  });

  it("publishes no key", () => {
    expect(() => finishTokens(draft, identity, evaluation)).toThrow(ProofError);
  });

  it("and takes the honest one", () => {
    expect(finishTokens(draft, keys.publicKey, evaluation)).toEqual(ours.tokens);
  });
});

describe("a server refuses to evaluate", () => {
  it.each([
    ["the identity", Point.ZERO.toBytes()],
    ["bytes that are no element", new Uint8Array(32).fill(255)],
    ["too few bytes", new Uint8Array(31)],
  ])("%s", (_case, element) => {
    const blinded = [...ours.blinded.slice(1), element];
    expect(() => evaluateBlinded(random, keys, blinded)).toThrow("issue.blinded");
  });
});
