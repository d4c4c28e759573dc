import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { folderTrouble } from "../src/index.ts";

const HERE = tmpdir();
const GONE = join(HERE, "glowworm-is-not-here");

it.each([
  ["EROFS", HERE, "noPermission", /read-only/],
  ["EACCES", HERE, "noPermission", /may not use it/],
  ["EPERM", HERE, "noPermission", /may not use it/],
  ["SQLITE_READONLY_DIRECTORY", HERE, "noPermission", /may not use it/],
  ["EEXIST", HERE, "usage", /is a file/],
  ["ENOTDIR", HERE, "usage", /is a file/],
  ["ENOENT", GONE, "usage", /cannot be made/],
] as const)("%s of %s is %s", (code, folder, exit, words) => {
  const failure = folderTrouble(Object.assign(new Error(code), { code }), folder, "--to");
  expect(failure).toMatchObject({ exit, message: expect.stringMatching(words) });
  expect(failure?.message).toContain(`--to: ${folder}`);
});

it.each(["EIO", "ENOENT", "SQLITE_CANTOPEN", "SQLITE_CORRUPT"])(
  "%s says nothing against a folder that is there and may be written to",
  (code) => {
    const error = Object.assign(new Error(code), { code });
    expect(folderTrouble(error, HERE, "--to")).toBeNull();
  },
);
