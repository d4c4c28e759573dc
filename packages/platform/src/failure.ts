/** Exit codes of every command. README has the same table. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  partial: 3,
  notFound: 4,
  keyMissing: 10,
  noBluetooth: 11,
  noPermission: 12,
  serverUnreachable: 13,
  wrongKey: 14,
  clockWrong: 15,
  interrupted: 130,
} as const;
/** Which exit a failure leads to. */
export type ExitName = keyof typeof EXIT;

/** Something a person has to mend. The message names what is wrong; `remedy` says what to do, as a command where there is one. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exit: ExitName;
  readonly remedy: string;

  constructor(exit: ExitName, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
    this.remedy = remedy;
  }
}

/** The message of an error, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a system's or a driver's error, such as `ENOSPC`: fit for a message, which `error.message` may not be. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
