/** One line of output. `ratio` is ours divided by the peer's, the median over rounds taken in turn. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly ratio: number | null;
  readonly against: string | null;
}

/** Does a batch of operations and says how many. */
export type Work = () => number | Promise<number>;

const ROUNDS = 7;
const ROUND_MS = 300;

/** Operations a second of ours and of a peer, taken in turn so that a noisy machine disturbs both alike. */
export async function compare(
  name: string,
  unit: string,
  ours: Work,
  against: string,
  peer: Work,
): Promise<Row> {
  await rate(ours, ROUND_MS / 3);
  await rate(peer, ROUND_MS / 3);
  const rateOf = (work: Work) => () => rate(work, ROUND_MS);
  return await compareRates(name, unit, rateOf(ours), against, rateOf(peer));
}

/** The same for what measures its own rate. */
export async function compareRates(
  name: string,
  unit: string,
  ours: () => Promise<number>,
  against: string,
  peer: () => Promise<number>,
): Promise<Row> {
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const our = await ours();
    rates.push(our);
    ratios.push(our / (await peer()));
  }
  return { name, value: round3(median(rates)), unit, ratio: round3(median(ratios)), against };
}

/** Milliseconds of one run of each, taken in turn; the ratio is the limit's time over ours. */
export async function time(name: string, limitMs: number, ours: () => unknown): Promise<Row> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await ours();
    times.push(performance.now() - began);
  }
  const value = median(times);
  const against = `limit of ${limitMs} ms`;
  return { name, value: round3(value), unit: "ms", ratio: round3(limitMs / value), against };
}

async function rate(work: Work, ms: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  let elapsed = 0;
  do {
    done += await work();
    elapsed = performance.now() - began;
  } while (elapsed < ms);
  return (1000 * done) / elapsed;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
