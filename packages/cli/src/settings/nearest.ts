/** Letters that may be missing, too many or wrong in a slip of the keyboard. */
const SLIPS_MAX = 2;

/** The known name that somebody meant who wrote `name`, in whatever spelling of words, or null when none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  const measured = known.map((candidate) => ({
    candidate,
    slips: slipsBetween(plain(name), plain(candidate)),
  }));
  const best = measured.sort((a, b) => a.slips - b.slips)[0];
  return best !== undefined && best.slips <= SLIPS_MAX ? best.candidate : null;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** Levenshtein's distance. */
function slipsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const swap = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
