import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  assertPrivate,
  createFile,
  Failure,
  giveToOwnerOf,
  makePrivateFolder,
  overwriteAt,
  readFileIfAny,
  replaceFile,
} from "../src/index.ts";

const BYTES = Uint8Array.of(1, 2, 3, 4);
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-platform-"));
  path = join(folder, "file");
});
afterEach(() => rmSync(folder, { recursive: true }));

function exitOf(work: () => void): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error.exit;
    throw error;
  }
  return "no failure";
}

function modeOf(of: string): number {
  return statSync(of).mode & 0o777;
}

describe("replaceFile", () => {
  it("makes a file that only its owner may read, and leaves nothing else behind", () => {
    replaceFile(path, BYTES);
    expect(readFileIfAny(path)).toEqual(BYTES);
    expect(modeOf(path)).toBe(0o600);
    expect(readFileIfAny(`${path}.new`)).toBeNull();
  });

  it("replaces the whole content, a shorter one as well", () => {
    replaceFile(path, BYTES);
    replaceFile(path, Uint8Array.of(9));
    expect(readFileIfAny(path)).toEqual(Uint8Array.of(9));
  });

  it("is not misled by what a crash left half written", () => {
    writeFileSync(`${path}.new`, "a longer piece of rubbish");
    replaceFile(path, BYTES);
    expect(readFileIfAny(path)).toEqual(BYTES);
  });
});

describe("createFile", () => {
  it("makes a private file once and refuses to touch one that is there", () => {
    createFile(path, BYTES);
    expect(modeOf(path)).toBe(0o600);
    expect(exitOf(() => createFile(path, Uint8Array.of(9)))).toBe("usage");
    expect(readFileIfAny(path)).toEqual(BYTES);
  });

  it("does not follow a link to somewhere else", () => {
    const target = join(folder, "target");
    symlinkSync(target, path);
    expect(exitOf(() => createFile(path, BYTES))).toBe("usage");
    expect(readFileIfAny(target)).toBeNull();
  });
});

describe("overwriteAt", () => {
  it("changes the named bytes and no others", () => {
    replaceFile(path, BYTES);
    overwriteAt(path, 1, Uint8Array.of(7, 8));
    expect(readFileIfAny(path)).toEqual(Uint8Array.of(1, 7, 8, 4));
  });

  it("refuses to write through a link", () => {
    const target = join(folder, "target");
    writeFileSync(target, BYTES);
    symlinkSync(target, path);
    expect(() => overwriteAt(path, 0, Uint8Array.of(9))).toThrow(/ELOOP/);
    expect(new Uint8Array(readFileSync(target))).toEqual(BYTES);
  });
});

describe("assertPrivate", () => {
  it.each([0o640, 0o604, 0o666, 0o610])("refuses mode %o", (mode) => {
    replaceFile(path, BYTES);
    chmodSync(path, mode);
    expect(exitOf(() => assertPrivate(path))).toBe("noPermission");
  });

  it.each([0o600, 0o400, 0o700])("accepts mode %o", (mode) => {
    replaceFile(path, BYTES);
    chmodSync(path, mode);
    expect(exitOf(() => assertPrivate(path))).toBe("no failure");
  });
});

it("makes folders that only their owner may enter", () => {
  const inner = join(folder, "a", "b");
  makePrivateFolder(inner);
  expect(modeOf(inner)).toBe(0o700);
});

it("takes a folder that is there, and refuses a file and a place where nothing can be made", () => {
  makePrivateFolder(folder);
  replaceFile(path, BYTES);
  expect(() => makePrivateFolder(path)).toThrow(/EEXIST/);
  expect(() => makePrivateFolder(join(path, "a"))).toThrow(/ENOTDIR/);
  expect(() => makePrivateFolder("/proc/glowworm/server")).toThrow(/ENOENT/);
});

it("reads null where there is no file", () => {
  expect(readFileIfAny(path)).toBeNull();
});

it.runIf(process.getuid?.() === 0)("root gives away a link, and not what it leads to", () => {
  const theirs = join(folder, "theirs");
  mkdirSync(theirs);
  chownSync(theirs, 65_534, 65_534);
  writeFileSync(path, BYTES);
  const link = join(theirs, "link");
  symlinkSync(path, link);
  giveToOwnerOf(theirs, link);
  expect([statSync(path).uid, lstatSync(link).uid]).toEqual([0, 65_534]);
});
