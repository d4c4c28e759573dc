import {
  decodeIssueAnswer,
  draftTokens,
  type Evaluation,
  evaluateInput,
  finalizeOutputs,
  tokenKeysOf,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { IssuingThread } from "../../src/tokens/issuing-thread.ts";
import { InvitedApp, TODAY } from "../support/invited.ts";
import { refusalOf } from "../support/test-app.ts";

const random = seededRandom("issuing");
const keys = tokenKeysOf(new Uint8Array(32).fill(7), TODAY);
const draft = draftTokens(random, TODAY);
const blinded = draft.blindings.map((blinding) => blinding.blinded);

function thread(): IssuingThread {
  const issuer = new IssuingThread();
  onTestFinished(() => issuer.close());
  return issuer;
}

describe("the issuing thread", () => {
  it("gives evaluations that prove themselves, and leaves the event loop to others meanwhile", async () => {
    const issuer = thread();
    await issuer.evaluate(keys, blinded);
    let isDone = false;
    let turns = 0;
    let longestMs = 0;
    const beganMs = performance.now();
    let lastMs = beganMs;
    const evaluating = Promise.all([0, 1, 2].map(() => issuer.evaluate(keys, blinded))).finally(
      () => {
        isDone = true;
      },
    );
    for (; !isDone; turns++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      longestMs = Math.max(longestMs, performance.now() - lastMs);
      lastMs = performance.now();
    }
    const eachMs = ((lastMs - beganMs) / 3).toFixed(0);
    process.stderr.write(
      `issuing: ${eachMs} ms a request, longest turn meanwhile ${longestMs.toFixed(1)} ms\n`,
    );
    for (const evaluation of await evaluating) {
      const outputs = finalizeOutputs(keys.publicKey, draft.blindings, evaluation);
      const [first] = draft.blindings;
      expect(outputs[0]).toEqual(evaluateInput(keys, first?.input ?? new Uint8Array()));
    }
    expect(turns).toBeGreaterThan(20);
  }, 20_000);

  it("refuses what is no element, and goes on", async () => {
    const issuer = thread();
    const bad = [new Uint8Array(32).fill(0xff), ...blinded.slice(1)];
    await expect(issuer.evaluate(keys, bad)).rejects.toMatchObject({ code: "bad-value" });
    expect((await issuer.evaluate(keys, blinded)).evaluated).toHaveLength(blinded.length);
  }, 20_000);

  it("that is ended fails what waits, and answers nobody any more", async () => {
    const issuer = thread();
    const waiting = expect(issuer.evaluate(keys, blinded)).rejects.toThrow("issuing thread");
    await issuer.close();
    await waiting;
    await expect(issuer.evaluate(keys, blinded)).rejects.toThrow("issuing thread");
  }, 20_000);
});

describe("a flood of requests for tokens", () => {
  it("waits eight at a time; the others cost their invite nothing and come again", async () => {
    const begun: ((evaluation: Evaluation) => void)[] = [];
    const app = new InvitedApp({
      evaluate: () => new Promise((resolve) => begun.push(resolve)),
      close: async () => {},
    });
    const invite = await app.invite({ tokensPerDay: 32 * 9 });
    const asked = Array.from({ length: 20 }, () => app.ask(invite));
    await expect.poll(() => begun.length).toBe(8);
    const evaluation = { evaluated: blinded, proof: new Uint8Array(64) };
    for (const resolve of begun) resolve(evaluation);
    const answers = (await Promise.all(asked)).map(({ response }) => response);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.map(({ headers }) => headers.get("retry-after"))).toEqual(Array(12).fill("2"));
    const [one = new Response()] = refused;
    expect(await refusalOf(one)).toEqual([429, "rate-limited"]);
    const ninth = app.ask(invite);
    await expect.poll(() => begun.length).toBe(9);
    begun.at(-1)?.(evaluation);
    const { response } = await ninth;
    const answer = decodeIssueAnswer(new Uint8Array(await response.arrayBuffer()));
    expect(answer.evaluated).toEqual(blinded);
    expect((await refusalOf((await app.ask(invite)).response))[1]).toBe("tokens-used-up");
  });
});
