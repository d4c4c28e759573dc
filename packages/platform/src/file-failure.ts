import { type ExitName, errorCode, Failure } from "./failure.ts";

interface Refusal {
  readonly exit: ExitName;
  readonly what: string;
  readonly remedy: string;
}

const NO_RIGHT: Refusal = {
  exit: "noPermission",
  what: "this user may not use it",
  remedy:
    "run this as the user whose it is, or give that path, and the folder it is in, to this one",
};
const NO_FOLDER: Refusal = {
  exit: "usage",
  what: "a file is where a folder must be",
  remedy: "move the file away, or name another folder",
};
const FULL: Refusal = {
  exit: "failure",
  what: "the disk is full",
  remedy: "make room on it, then try again",
};
const TOO_MANY: Refusal = {
  exit: "failure",
  what: "too many files are open",
  remedy: "raise the limit (ulimit -n, or LimitNOFILE of the unit), then try again",
};

const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ["EACCES", NO_RIGHT],
  ["EPERM", NO_RIGHT],
  [
    "EROFS",
    {
      exit: "noPermission",
      what: "its disk can only be read",
      remedy: "make the disk writable, or name a place on another one",
    },
  ],
  [
    "EISDIR",
    {
      exit: "usage",
      what: "a folder is where a file must be",
      remedy: "move the folder away, or name a file",
    },
  ],
  ["ENOTDIR", NO_FOLDER],
  ["EEXIST", NO_FOLDER],
  ["ENOSPC", FULL],
  ["EDQUOT", FULL],
  ["EMFILE", TOO_MANY],
  ["ENFILE", TOO_MANY],
]);

/** What a person can mend when the file system refused a path; null for any other error, which is a mistake of this program. */
export function fileFailure(error: unknown): Failure | null {
  const path = error instanceof Error && "path" in error ? error.path : undefined;
  const code = errorCode(error);
  const refusal = REFUSALS.get(code);
  if (typeof path !== "string" || refusal === undefined) return null;
  const { exit, what, remedy } = refusal;
  return new Failure(exit, `${path}: ${what} (${code})`, remedy, { cause: error });
}

/** Does something with a path that a person named: what the file system refuses begins with where, such as `--state`. @throws {Failure} */
export function withNamedPath<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const failure = fileFailure(error);
    if (failure === null) throw error;
    const { exit, message, remedy } = failure;
    throw new Failure(exit, `${place}: ${message}`, remedy, { cause: error });
  }
}

/** Does something with an open file: what the system refuses then says of which path. */
export function withPath<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "code" in error && !("path" in error)) {
      Object.assign(error, { path });
    }
    throw error;
  }
}
