import { getIdOf, type StoredRecord } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { Checker, type Entry, History, type Verdict } from "./support/history.ts";
import { crypto, Workload } from "./support/workload.ts";

const random = seededRandom("history checker");
const workload = new Workload("planted faults", () => 3);

function storedBatch(batch: number): readonly StoredRecord[] {
  return workload.batch(batch).map(({ putId, envelope }) => {
    return { getId: getIdOf(crypto, putId), envelope, arrivalStep: 1 };
  });
}

function verdictOn(entries: readonly Entry[], stored: readonly StoredRecord[]): Verdict {
  const history = new History(workload);
  for (const { batch, event } of entries) history.note(batch, event);
  const checker = new Checker(workload);
  checker.add(stored);
  return checker.verdict(history);
}

const sent = (batch: number): Entry => ({ batch, event: "sent" });
const yes = (batch: number): Entry => ({ batch, event: "yes" });
const no = (batch: number): Entry => ({ batch, event: "no" });
const unknown = (batch: number): Entry => ({ batch, event: "unknown" });

/** Batch 0 has a yes, 1 a no, 2 no answer. */
const THREE = [sent(0), sent(1), yes(0), no(1), sent(2), unknown(2)];
const CLEAN = { lost: [], doubled: [], invented: [], torn: [], reneged: [] };

describe("the history checker", () => {
  it.each([
    ["dropped", []],
    ["stored", storedBatch(2)],
  ])("finds nothing wrong when a batch without an answer was %s whole", (_, unanswered) => {
    const padding = { ...workload.batch(9)[0], getId: random.bytes(16), arrivalStep: 1 };
    const stranger = { ...padding, envelope: random.bytes(113) };
    const verdict = verdictOn(THREE, [stranger, ...storedBatch(0), ...unanswered]);
    expect(verdict).toMatchObject(CLEAN);
    expect(verdict.counts).toEqual({
      batches: 3,
      yes: 1,
      reports: 3,
      no: 1,
      unknown: 1,
      unknownStored: unanswered.length / 3,
      padding: 1,
    });
  });

  it("names every record of a yes that is not stored", () => {
    expect(verdictOn(THREE, storedBatch(0).slice(1)).lost).toEqual(["0/0"]);
    expect(verdictOn(THREE, []).lost).toEqual(["0/0", "0/1", "0/2"]);
  });

  it("names a record that is stored twice, whatever its batch was told", () => {
    const [first] = storedBatch(0);
    expect(first).toBeDefined();
    const twice = [...storedBatch(0), ...storedBatch(0).slice(0, 1), ...storedBatch(2)];
    expect(verdictOn(THREE, twice).doubled).toEqual(["0/0"]);
    expect(verdictOn(THREE, [...twice, ...storedBatch(2)]).doubled).toHaveLength(4);
  });

  it("names a batch without an answer of which only a part is stored", () => {
    expect(verdictOn(THREE, [...storedBatch(0), ...storedBatch(2).slice(1)]).torn).toEqual([2]);
  });

  it("names a refused batch that is stored", () => {
    expect(verdictOn(THREE, [...storedBatch(0), ...storedBatch(1)]).reneged).toEqual([1]);
  });

  it("names a record that was changed, one under another id, and one that was never sent", () => {
    const [first, second, third] = storedBatch(0);
    if (first === undefined || second === undefined || third === undefined) throw new Error();
    const envelope = first.envelope.slice();
    envelope[100] = (envelope[100] ?? 0) ^ 1;
    const changed = { ...first, envelope };
    const elsewhere = { ...second, getId: random.bytes(16) };
    const verdict = verdictOn(THREE, [changed, elsewhere, third, ...storedBatch(7)]);
    expect(verdict.invented).toHaveLength(3);
    expect(verdict.lost).toEqual(["0/0", "0/1"]);
  });

  it.each<[string, readonly Entry[], string]>([
    ["one yes among lost answers", [sent(0), unknown(0), sent(0), yes(0), sent(0), no(0)], "yes"],
    ["a lost answer before a no", [sent(0), unknown(0), sent(0), no(0)], "unknown"],
    ["a lost answer after a no", [sent(0), no(0), sent(0), unknown(0)], "unknown"],
    ["an answer that is still to come", [sent(0), sent(0), no(0)], "unknown"],
    ["noes alone", [sent(0), no(0), sent(0), no(0)], "no"],
  ])("takes %s for what it is", (_, entries, outcome) => {
    const history = new History(workload);
    for (const { batch, event } of entries) history.note(batch, event);
    expect(history.outcomes().get(0)).toBe(outcome);
  });
});
