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

/** A row, rounded to what such numbers can say. */
export function row(
  name: string,
  value: number,
  unit: string,
  ratio: number | null = null,
  against: string | null = null,
): Row {
  const rounded = ratio === null ? null : round3(ratio);
  return { name, value: round3(value), unit, ratio: rounded, against };
}

/** A row of something that should stay below a limit; the ratio is the limit divided by what was measured. */
export function limitRow(name: string, value: number, unit: string, limit: number): Row {
  return row(name, value, unit, limit / value, `limit of ${limit} ${unit}`);
}

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
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const our = await rate(ours, ROUND_MS);
    rates.push(our);
    ratios.push(our / (await rate(peer, ROUND_MS)));
  }
  return row(name, median(rates), unit, median(ratios), against);
}

/** Milliseconds of one run, the median of several. */
export async function time(name: string, limitMs: number, ours: () => unknown): Promise<Row> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await milliseconds(ours));
  return limitRow(name, median(times), "ms", limitMs);
}

/** Milliseconds of one run. */
export async function milliseconds(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The value in the middle; NaN when there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
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

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
