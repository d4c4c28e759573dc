import type { Log } from "@glowworm/server";
import { pino } from "pino";

/**
 * Entries as JSON lines: `time` (ISO 8601), `level`, `event`, the facts of the entry, and `text`. The name of the machine and
 * the number of the process, which pino would add, are left out.
 */
export function jsonLog(say: (line: string) => void): Log {
  const logger = pino(
    {
      base: null,
      messageKey: "text",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => say(line.trimEnd()) },
  );
  return ({ level, event, text, facts }) => logger[level]({ event, ...facts }, text);
}
