import type { CryptoSuite } from "@glowworm/protocol";
import { bytesCases, cut, flipped, named, withByte, zeros } from "./cases.ts";
import { type CaseDraft, type Expectation, Input, type JsonObject } from "./model.ts";
import { TOKEN_OPERATIONS } from "./token-operations.ts";

const SPEC = "8.6";
const DAY = 20_454;
/** 32 nonces and blinds, and the scalar of the proof. */
const RANDOM_BYTES = 32 * (32 + 48) + 48;
const ISSUE: JsonObject = {
  tokenSecret: named("token secret", 32),
  invite: named("invite", 16),
  day: DAY,
  random: named("token randomness", RANDOM_BYTES),
};

/** Section 8.6. */
export function tokenCases(crypto: CryptoSuite): readonly CaseDraft[] {
  return [...rfcCases(), ...inviteCases(crypto), ...keyCases(), ...issueCases(crypto)];
}

/** What RFC 9497 appendix A.1.2 puts in; a test holds what comes out against what it says. */
function rfcCases(): readonly CaseDraft[] {
  const [blind, second] = [
    "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
    "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e",
  ];
  const long = "5a".repeat(17);
  const third = "419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c";
  const rfc = (n: number, inputs: readonly JsonObject[], proofRandomScalar: string): CaseDraft => ({
    id: `rfc9497-${n}`,
    spec: SPEC,
    comment: `RFC 9497 appendix A.1.2, test vector ${n}`,
    operation: "voprf",
    expect: "ok",
    input: { seed: "a3".repeat(32), keyInfo: "74657374206b6579", inputs, proofRandomScalar },
  });
  return [
    rfc(1, [{ input: "00", blind }], second),
    rfc(2, [{ input: long, blind }], second),
    rfc(
      3,
      [
        { input: "00", blind },
        { input: long, blind: second },
      ],
      third,
    ),
  ];
}

function inviteCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const secret = named("invite", 16);
  const text = String(run(crypto, "encodeInvite", { secret })["text"]);
  const decode = (id: string, comment: string, of: string, expect: Expectation): CaseDraft => ({
    ...{ id: `invite-${id}`, spec: SPEC, comment, operation: "decodeInvite", expect },
    input: { text: of },
  });
  const last = text.endsWith("0") ? "1" : "0";
  return [
    {
      ...{ id: "invite-encode", spec: SPEC, comment: "an invite, and what is kept of it" },
      ...{ operation: "encodeInvite", expect: "ok", input: { secret } },
    },
    decode("plain", "an invite as it is handed over", text, "ok"),
    decode("line", "white space around it", ` ${text}\n`, "ok"),
    decode("checksum", "a wrong last character", text.slice(0, -1) + last, "bad-value"),
    decode("prefix", "without its prefix", text.slice(16), "bad-value"),
    decode("capitals", "capitals", text.slice(0, 16) + text.slice(16).toUpperCase(), "bad-value"),
    decode("short", "one character short", text.slice(0, -1), "truncated"),
    decode("long", "one character more", `${text}0`, "trailing-bytes"),
  ];
}

function keyCases(): readonly CaseDraft[] {
  const key = (day: number): CaseDraft => ({
    ...{ id: `token-key-${day}`, spec: SPEC, comment: "the public key of a day" },
    ...{
      operation: "tokenKey",
      expect: "ok",
      input: { tokenSecret: named("token secret", 32), day },
    },
  });
  const listed = (day: number): JsonObject => ({ day, publicKey: named(`token key ${day}`, 32) });
  const list = (
    id: string,
    comment: string,
    keys: readonly JsonObject[],
    expect: Expectation,
  ): CaseDraft => ({
    ...{ id: `token-keys-${id}`, spec: SPEC, comment, operation: "decodeTokenKeys", expect },
    input: { text: JSON.stringify({ v: 1, keys }) },
  });
  return [
    ...[DAY, DAY + 1].map(key),
    list("two", "two days", [listed(DAY), listed(DAY + 1)], "ok"),
    list("none", "no day", [], "bad-value"),
    list("gap", "a day is left out", [listed(DAY), listed(DAY + 2)], "bad-value"),
    list("twice", "two keys for a day", [listed(DAY), listed(DAY)], "bad-value"),
    list(
      "many",
      "more days than are listed",
      Array.from({ length: 10 }, (_, n) => listed(DAY + n)),
      "bad-value",
    ),
  ];
}

function issueCases(crypto: CryptoSuite): readonly CaseDraft[] {
  const { request, answer, lastToken } = run(crypto, "issueTokens", ISSUE);
  const asked = bytesCases("issue", SPEC, "decodeIssueRequest");
  const answered = bytesCases("issued", SPEC, "decodeIssueAnswer");
  const token = bytesCases("token", SPEC, "decodeUploadToken");
  const [requestHex, answerHex, tokenHex] = [String(request), String(answer), String(lastToken)];
  const check = (id: string, comment: string, bytes: string, expect: Expectation): CaseDraft => ({
    ...{ id: `token-check-${id}`, spec: SPEC, comment, operation: "checkToken", expect },
    input: { tokenSecret: named("token secret", 32), bytes },
  });
  return [
    {
      ...{ id: "issue-tokens", spec: SPEC, comment: "32 tokens from request to token" },
      ...{ operation: "issueTokens", expect: "ok", input: ISSUE },
    },
    asked("request", "a request", requestHex, "ok"),
    asked("cut", "one byte short", cut(requestHex, 1044), "truncated"),
    asked("trailing", "one element more", requestHex + zeros(32), "trailing-bytes"),
    asked("version", "version 2", withByte(requestHex, 0, 2), "unsupported-version"),
    answered("answer", "an answer", answerHex, "ok"),
    answered("cut", "one byte short", cut(answerHex, 1092), "truncated"),
    answered("trailing", "one byte more", `${answerHex}00`, "trailing-bytes"),
    answered("version", "version 0", withByte(answerHex, 0, 0), "unsupported-version"),
    token("plain", "a token", tokenHex, "ok"),
    token("cut", "one byte short", cut(tokenHex, 100), "truncated"),
    token("trailing", "one byte more", `${tokenHex}00`, "trailing-bytes"),
    token("version", "version 2", withByte(tokenHex, 0, 2), "unsupported-version"),
    check("genuine", "the last token of the request", tokenHex, "ok"),
    check("day", "another day", flipped(tokenHex, 4), "null"),
    check("nonce", "another nonce", flipped(tokenHex, 36), "null"),
    check("output", "another output", flipped(tokenHex, 100), "null"),
  ];
}

function run(crypto: CryptoSuite, operation: string, input: JsonObject): JsonObject {
  const computed = TOKEN_OPERATIONS[operation]?.(crypto, new Input(input));
  return { ...computed?.intermediate, ...computed?.output };
}
