import { readdirSync, readFileSync } from "node:fs";
import type { VectorCase } from "../../../../tools/src/vectors/model.ts";

/** Where the vector files are. */
const VECTORS = new URL("../../../../vectors/", import.meta.url);

/** Names of all vector files. */
export const VECTOR_FILES: readonly string[] = readdirSync(VECTORS).filter((name) =>
  name.endsWith(".json"),
);

/** The text of a vector file. */
export function vectorText(file: string): string {
  return readFileSync(new URL(file, VECTORS), "utf8");
}

/** The cases of a vector file. */
export function vectorsOf(file: string): readonly VectorCase[] {
  return JSON.parse(vectorText(file)) as readonly VectorCase[];
}

/** Every case of every file. */
export const ALL_VECTORS: readonly VectorCase[] = VECTOR_FILES.flatMap(vectorsOf);

/** The cases of one operation that end well. */
export function goodCases(operation: string): readonly VectorCase[] {
  return ALL_VECTORS.filter((vector) => vector.operation === operation && vector.expect === "ok");
}
