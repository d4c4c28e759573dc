import type { Log, LogLevel } from "@glowworm/server";
import { jsonLog } from "./json-log.ts";

/** How log lines are written. */
export type LogFormat = "text" | "json";

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2 };

/** The log of a server or mirror, line by line, of what is at least as grave as `level`. */
export function serverLog(
  name: "server" | "mirror",
  format: LogFormat,
  level: LogLevel,
  say: (line: string) => void,
): Log {
  const write = format === "json" ? jsonLog(say) : textLog(name, say);
  return (entry) => {
    if (RANK[entry.level] <= RANK[level]) write(entry);
  };
}

function textLog(name: string, say: (line: string) => void): Log {
  return ({ text }) => say(`${name}: ${text}`);
}
