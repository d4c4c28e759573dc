import { Mutator } from "./mutator.ts";

/** Memory that fuzzing may cost in all: garbage that was not collected yet, and nothing that grows with the runs. */
const GROWTH_MB_MAX = 150;
const MB = 2 ** 20;
const MICROSECONDS = 1_000_000;

/**
 * Runs one thing many times, the first tenth as a warm-up. Fails with the seed and the number of the run when a run throws,
 * and when memory grew. Says what was done.
 */
export async function fuzz(
  name: string,
  { numRuns, seed }: { readonly numRuns: number; readonly seed: number },
  run: (mutator: Mutator, number: number) => Promise<void> | undefined,
): Promise<void> {
  const mutator = new Mutator(seed);
  const began = process.cpuUsage();
  let warmBytes = 0;
  let mostBytes = 0;
  for (let number = 0; number < numRuns; number++) {
    try {
      const running = run(mutator, number);
      if (running !== undefined) await running;
    } catch (error) {
      throw new Error(`${name}: run ${number} of seed ${seed} failed`, { cause: error });
    }
    if (number < numRuns / 10 || number % Math.ceil(numRuns / 100) !== 0) continue;
    const { rss } = process.memoryUsage();
    if (warmBytes === 0) warmBytes = rss;
    mostBytes = Math.max(mostBytes, rss);
  }
  const { user, system } = process.cpuUsage(began);
  const seconds = (user + system) / MICROSECONDS;
  const grownMb = Math.round((mostBytes - warmBytes) / MB);
  process.stderr.write(
    `fuzz: ${name}: ${numRuns} runs in ${seconds.toFixed(1)} s of processor time, seed ${seed}, grew by ${grownMb} MB\n`,
  );
  if (grownMb > GROWTH_MB_MAX)
    throw new Error(`${name}: memory grew by ${grownMb} MB, seed ${seed}`);
}
