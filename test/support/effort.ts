import { randomInt } from "node:crypto";

/** How many times the usual runs a property gets: 1, or what `npm run nightly` asks for. */
const FACTOR = Number(process.env["GLOWWORM_EFFORT"] ?? "1");

/**
 * Runs and seed of a property: the same ones on every usual run; at night many more, from a seed that is drawn, and
 * that fast-check prints with a failure.
 */
export function effort(numRuns: number, seed: number): { numRuns: number; seed: number } {
  if (FACTOR === 1) return { numRuns, seed };
  return { numRuns: numRuns * FACTOR, seed: randomInt(2 ** 31) };
}
