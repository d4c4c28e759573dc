import type { Progress } from "@glowworm/owner";

const STAGES = {
  keys: "deriving ids, once: day",
  open: "reading the open hour: segment",
  closed: "reading closed hours: hour",
} as const;

/** Shows how far a lookup is, on one line of a terminal; `clear` removes the line. */
export interface ProgressLine {
  show(progress: Progress): void;
  clear(): void;
}

/** A line on standard error when that is a terminal, else nothing. */
export function progressLine(): ProgressLine {
  if (process.stderr.isTTY !== true) return { show: () => undefined, clear: () => undefined };
  const write = (text: string): void => void process.stderr.write(`\r\x1b[K${text}`);
  return {
    show: ({ stage, done, total, hits }) => {
      const found = hits === 0 ? "" : `, ${hits} of this device's records so far`;
      write(`${STAGES[stage]} ${done} of ${total}${found}`);
    },
    clear: () => write(""),
  };
}
