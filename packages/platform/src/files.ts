import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { geteuid } from "node:process";
import { errorCode, Failure } from "./failure.ts";
import { withPath } from "./file-failure.ts";

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
const CREATE_NEW = O_WRONLY | O_NOFOLLOW | O_CREAT | O_EXCL;
const REPLACE = O_WRONLY | O_NOFOLLOW | O_CREAT | O_TRUNC;

/** Makes a folder that only its owner may enter, with its parents. */
export function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: PRIVATE_FOLDER });
  } catch (error) {
    if (isErrno(error, "EEXIST") && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    // Node's own recursion never ends where nothing can be made in a folder that is there, as in /proc.
    if (!isErrno(error, "ENOENT") || existsSync(parent)) throw error;
    makePrivateFolder(parent);
    makePrivateFolder(path);
  }
}

/**
 * Gives a file or folder made by root to whoever has the folder that it is for: what an operator does with `sudo` must not
 * lock out the program that runs as another user. Does nothing for anybody else. A link is given away, and not what it leads
 * to: that other user may have put it there.
 */
export function giveToOwnerOf(folder: string, path: string): void {
  if (geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  lchownSync(path, uid, gid);
}

/** Replaces a file in one step: after a crash either the old or the new content is there, whole. Mode 0600. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const next = `${path}.new`;
  fillSynced(next, openSync(next, REPLACE, PRIVATE_FILE), bytes);
  renameSync(next, path);
  syncFolder(dirname(path));
}

/** Writes a file that must not exist yet, mode 0600: whole, or not at all. @throws {Failure} when it does. */
export function createFile(path: string, bytes: Uint8Array): void {
  let fd: number;
  try {
    fd = openSync(path, CREATE_NEW, PRIVATE_FILE);
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    throw new Failure("usage", `${path} exists already`, "move it away, or choose another name", {
      cause: error,
    });
  }
  try {
    fillSynced(path, fd, bytes);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(path);
    throw error;
  }
}

/** Overwrites bytes in the middle of a file and waits until they are on disk. */
export function overwriteAt(path: string, offset: number, bytes: Uint8Array): void {
  const fd = openSync(path, O_WRONLY | O_NOFOLLOW);
  try {
    writeAll(fd, bytes, offset);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The content of a file, or null when there is none. */
export function readFileIfAny(path: string): Uint8Array | null {
  try {
    return new Uint8Array(withPath(path, () => readFileSync(path)));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}

/**
 * What root hands to one other user may show rights of a group: systemd does so with a credential, by a list of rights.
 * @throws {Failure} when others may read a file that holds a secret.
 */
export function assertPrivate(path: string): void {
  const { mode: full, uid } = statSync(path);
  const mode = full & 0o777;
  const isHanded = uid === 0 && geteuid?.() !== 0;
  if ((mode & (isHanded ? 0o007 : 0o077)) === 0) return;
  const shown = mode.toString(8).padStart(4, "0");
  throw new Failure(
    "noPermission",
    `${path} has mode ${shown}: others can read it`,
    `chmod 600 ${path}`,
  );
}

/** Waits until the names in a folder are on disk. */
export function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What the disk of a folder has left for this user, in bytes. */
export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Whether an error is the system's, with this code, such as `ENOENT`. */
export function isErrno(error: unknown, code: string): boolean {
  return errorCode(error) === code;
}

function fillSynced(path: string, fd: number, bytes: Uint8Array): void {
  try {
    withPath(path, () => {
      writeAll(fd, bytes, 0);
      fsyncSync(fd);
    });
  } finally {
    closeSync(fd);
  }
}

/** Waits until the content of a file is on disk. */
export function syncFile(path: string): void {
  const fd = openSync(path, "r+");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes all bytes into an open file, however many calls that takes. */
export function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
  }
}
