import { accessSync, constants, existsSync, statSync } from "node:fs";
import { errorCode, Failure } from "./failure.ts";

/** Whether there is a file or folder. @throws the system's error when this user may not know. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * What a person has to mend when a folder cannot be used, which `option` names; null when the error is about something else.
 * @param lock path of a database in it, which may be another user's.
 */
export function folderTrouble(
  cause: unknown,
  folder: string,
  option: string,
  lock: string = folder,
): Failure | null {
  switch (codeOf(cause, [folder, lock])) {
    case "EROFS":
      return new Failure(
        "noPermission",
        `${option}: ${folder} is on a disk that is mounted read-only`,
        `mount it for writing, or choose another folder with ${option}`,
        { cause },
      );
    case "EACCES":
    case "EPERM":
      return new Failure(
        "noPermission",
        `${option}: ${folder}: this user may not use it`,
        `run this as the owner of the folder or as root (ls -ld ${folder}), or choose another with ${option}`,
        { cause },
      );
    case "EEXIST":
    case "ENOTDIR":
      return new Failure(
        "usage",
        `${option}: ${folder}: that, or a part of it, is a file`,
        "choose a folder, or a path where one can be made",
        { cause },
      );
    case "ENOENT":
      if (existsSync(folder)) return null;
      return new Failure(
        "usage",
        `${option}: ${folder} cannot be made there`,
        "choose a folder, or a path where one can be made",
        { cause },
      );
    default:
      return null;
  }
}

/** SQLite does not say why it cannot open a file: the system does. */
function codeOf(cause: unknown, paths: readonly string[]): string {
  const code = errorCode(cause);
  if (!/^SQLITE_(CANTOPEN|READONLY)/.test(code)) return code;
  try {
    for (const path of paths) if (existsSync(path)) accessSync(path, constants.W_OK);
    return code.startsWith("SQLITE_READONLY") ? "EACCES" : code;
  } catch (refused) {
    return errorCode(refused);
  }
}
