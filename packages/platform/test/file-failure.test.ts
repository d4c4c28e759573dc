import { describe, expect, it } from "vitest";
import { fileFailure, withNamedPath, withPath } from "../src/index.ts";

function refused(code: string, path?: string): Error {
  return Object.assign(new Error("refused"), { code, ...(path === undefined ? {} : { path }) });
}

describe("what the file system refuses", () => {
  it.each([
    ["EACCES", "noPermission"],
    ["EPERM", "noPermission"],
    ["EROFS", "noPermission"],
    ["EISDIR", "usage"],
    ["ENOTDIR", "usage"],
    ["EEXIST", "usage"],
    ["ENOSPC", "failure"],
    ["EDQUOT", "failure"],
    ["EMFILE", "failure"],
    ["ENFILE", "failure"],
  ])("is a failure that names the path: %s", (code, exit) => {
    const failure = fileFailure(refused(code, "/there"));
    expect(failure).toMatchObject({ exit });
    expect(failure?.message).toMatch(new RegExp(`^/there: .*\\(${code}\\)$`));
  });

  it("is none without a path, with another code, or as another error", () => {
    for (const error of [refused("EACCES"), refused("ENOENT", "/there"), new Error("EACCES"), 1]) {
      expect(fileFailure(error)).toBeNull();
    }
  });

  it("begins with the option that named the path, and other errors stay", () => {
    const named = (error: Error) => () =>
      withNamedPath("--state", () => {
        throw error;
      });
    expect(named(refused("EROFS", "/there"))).toThrow(/^--state: \/there: /);
    const other = new Error("other");
    expect(named(other)).toThrow(other);
  });

  it("gets the path of the open file, and keeps one that it has", () => {
    const at = (error: Error) => () =>
      withPath("/open", () => {
        throw error;
      });
    expect(at(refused("ENOSPC"))).toThrow(expect.objectContaining({ path: "/open" }));
    expect(at(refused("ENOSPC", "/own"))).toThrow(expect.objectContaining({ path: "/own" }));
    const mistake = new Error("a mistake");
    expect(at(mistake)).toThrow(mistake);
    expect(mistake).not.toHaveProperty("path");
  });
});
