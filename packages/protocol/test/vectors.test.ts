import { describe, expect, it } from "vitest";
import { buildVectors } from "../../../tools/src/vectors/build.ts";
import { runOperation } from "../../../tools/src/vectors/model.ts";
import { OPERATIONS } from "../../../tools/src/vectors/operations.ts";
import { loadCrypto } from "../src/index.ts";
import { DECODE_ERROR_CODES } from "./support/refusal.ts";
import { ALL_VECTORS, VECTOR_FILES, vectorsOf, vectorText } from "./support/vectors.ts";

const crypto = await loadCrypto();

describe.each(VECTOR_FILES)("vectors/%s", (file) => {
  it.each(vectorsOf(file).map((vector) => [vector.id, vector] as const))("%s", (_id, vector) => {
    const operation = OPERATIONS[vector.operation];
    expect(operation).toBeDefined();
    if (operation === undefined) return;
    const { expect: outcome, intermediate, output } = runOperation(crypto, operation, vector.input);
    expect(outcome).toBe(vector.expect);
    expect(intermediate).toEqual(vector.intermediate);
    expect(output).toEqual(vector.output);
  });
});

describe("the set of vectors", () => {
  it("is what the generator writes", () => {
    const built = buildVectors(crypto);
    expect([...VECTOR_FILES].sort()).toEqual([...built.keys()].sort());
    for (const [file, text] of built) expect(vectorText(file) === text, file).toBe(true);
  });

  it("names each case once", () => {
    const ids = ALL_VECTORS.map((vector) => vector.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([...DECODE_ERROR_CODES, "null", "weak-public-key"])("has a refusal with %s", (code) => {
    expect(ALL_VECTORS.some((vector) => vector.expect === code)).toBe(true);
  });

  it.each(Object.keys(OPERATIONS))("has a good case of %s", (operation) => {
    const good = ALL_VECTORS.filter(
      (vector) => vector.operation === operation && vector.expect === "ok",
    );
    expect(good).not.toEqual([]);
  });

  it.each(Object.keys(OPERATIONS).filter((name) => name.startsWith("decode")))(
    "has refusals of %s",
    (operation) => {
      const bad = ALL_VECTORS.filter(
        (vector) => vector.operation === operation && vector.expect !== "ok",
      );
      expect(bad.length).toBeGreaterThan(1);
    },
  );
});
