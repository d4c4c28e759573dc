/** How much an operator should care; `log.level` of the settings silences what is below. */
export type LogLevel = "error" | "warn" | "info";

/** What can happen: a stable word for whoever filters logs. */
export type LogEvent =
  | "listening"
  | "metrics-listening"
  | "stopping"
  | "stopped"
  | "damaged-file"
  | "disk-full"
  | "token-secret-made"
  | "hours-closed"
  | "hours-expired"
  | "hour-copied"
  | "hour-refused"
  | "source-failed"
  | "disk-free"
  | "error";

/** Something that happened. Nothing in it is an address, an id, a path that was asked for, a user agent or a body. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly event: LogEvent;
  /** One line for a person. */
  readonly text: string;
  /** The same for a program. */
  readonly facts?: Readonly<Record<string, string | number>>;
}

/** Where entries go. Requests have no entries: there is no access log to switch on. */
export type Log = (entry: LogEntry) => void;
