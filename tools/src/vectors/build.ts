import { type CryptoSuite, UsageError } from "@glowworm/protocol";
import { filterCases } from "./filter.ts";
import { frameCases } from "./frames.ts";
import { manifestCases, publishingCases } from "./hours.ts";
import { agreementCases, cardCases, epochCases, shareCases, timeCases } from "./keys.ts";
import { type CaseDraft, runOperation, type VectorCase } from "./model.ts";
import { OPERATIONS } from "./operations.ts";
import { envelopeCases, idCases, recordCases, sightingCases } from "./reports.ts";
import { tokenCases } from "./tokens.ts";

/** The text of every vector file, by file name. */
export function buildVectors(crypto: CryptoSuite): ReadonlyMap<string, string> {
  const files: readonly (readonly [string, readonly CaseDraft[]])[] = [
    ["time.json", timeCases()],
    ["epochs.json", epochCases()],
    ["agreement.json", agreementCases(crypto)],
    ["cards.json", cardCases(crypto)],
    ["shares.json", shareCases(crypto)],
    ["frames.json", frameCases(crypto)],
    ["ids.json", idCases(crypto)],
    ["sightings.json", sightingCases()],
    ["envelopes.json", envelopeCases(crypto)],
    ["records.json", recordCases(crypto)],
    ["publishing.json", publishingCases(crypto)],
    ["manifests.json", manifestCases(crypto)],
    ["filter.json", filterCases(crypto)],
    ["tokens.json", tokenCases(crypto)],
  ];
  return new Map(
    files.map(([name, drafts]) => [
      name,
      `${JSON.stringify(
        drafts.map((draft) => complete(crypto, draft)),
        null,
        2,
      )}\n`,
    ]),
  );
}

/** @throws {UsageError} when a case does not end as its draft says: then one of the two is wrong. */
function complete(crypto: CryptoSuite, draft: CaseDraft): VectorCase {
  const operation = OPERATIONS[draft.operation];
  if (operation === undefined) throw new UsageError(`${draft.id}: no such operation`);
  const result = runOperation(crypto, operation, draft.input);
  if (result.expect !== draft.expect) {
    throw new UsageError(`${draft.id}: expected ${draft.expect}, got ${result.expect}`);
  }
  return { ...draft, ...result };
}
