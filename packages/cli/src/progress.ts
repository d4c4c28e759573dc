/** One line of a terminal that says how far things are; `clear` removes it. */
export interface ProgressLine {
  show(text: string): void;
  clear(): void;
}

/** A line on standard error when that is a terminal, else nothing. */
export function progressLine(): ProgressLine {
  if (process.stderr.isTTY !== true) return { show: () => undefined, clear: () => undefined };
  const write = (text: string): void => void process.stderr.write(`\r\x1b[K${text}`);
  return { show: write, clear: () => write("") };
}
