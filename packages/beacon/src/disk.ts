import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import {
  assertPrivate,
  errorCode,
  Failure,
  makePrivateFolder,
  overwriteAt,
  readFileIfAny,
  replaceFile,
} from "@glowworm/platform";

/** The folder a beacon keeps its state in. What a call wrote is on disk when it returns. */
export interface Disk {
  /** For messages: where the person finds a file. */
  pathOf(name: string): string;
  /** @throws {Failure} when others may read the file. */
  read(name: string): Uint8Array | null;
  /** Makes or replaces a file in one step. @throws {Failure} when the disk refuses. */
  replace(name: string, bytes: Uint8Array): void;
  /** Overwrites in place: what stood there is gone as far as the file system allows. @throws {Failure} */
  overwrite(name: string, offset: number, bytes: Uint8Array): void;
}

/** A real folder, made when missing, that only its owner may enter. @throws what the file system says when nothing can be written into it. */
export function openFolder(folder: string): Disk {
  makePrivateFolder(folder);
  accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  const pathOf = (name: string): string => join(folder, name);
  return {
    pathOf,
    read: (name) => {
      const bytes = readFileIfAny(pathOf(name));
      if (bytes !== null) assertPrivate(pathOf(name));
      return bytes;
    },
    replace: (name, bytes) => writing(pathOf(name), (path) => replaceFile(path, bytes)),
    overwrite: (name, offset, bytes) =>
      writing(pathOf(name), (path) => overwriteAt(path, offset, bytes)),
  };
}

function writing(path: string, write: (path: string) => void): void {
  try {
    write(path);
  } catch (cause) {
    throw new Failure(
      "failure",
      `cannot write ${path}: ${errorCode(cause)}`,
      "without it a restart could repeat keys: make the disk writable, then start again",
      { cause },
    );
  }
}
