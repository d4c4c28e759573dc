import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildDigest } from "../src/build-digest.ts";

const MANUAL = new URL("../../../docs/operating.md", import.meta.url);
const FILES = {
  "package-lock.json": "{}",
  "packages/server/dist/a.js": "1",
  "packages/server/dist/deep/B.js": "2",
  "packages/server/dist/a.d.ts": "not the program",
  "packages/server-x/dist/a.js": "3",
  "packages/cli/dist/a-b.js": "4",
} as const;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "glowworm-build-"));
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("the hash of a build", () => {
  it("is what the line of shell in docs/operating.md prints", () => {
    const line = /^\{ echo package-lock\.json;.*$/m.exec(readFileSync(MANUAL, "utf8"))?.[0] ?? "";
    const printed = execFileSync("sh", ["-c", line], { cwd: root, encoding: "utf8" });
    expect(buildDigest(root)).toBe(printed.slice(0, 64));
  });

  it.each(["package-lock.json", "packages/server/dist/deep/B.js"])("changes with %s", (file) => {
    const before = buildDigest(root);
    writeFileSync(join(root, file), "changed");
    expect(buildDigest(root)).not.toBe(before);
  });

  it("does not change with what is not the program", () => {
    const before = buildDigest(root);
    writeFileSync(join(root, "packages/server/dist/a.d.ts"), "changed");
    expect(buildDigest(root)).toBe(before);
  });

  it("is not known where the program was packed in another way", () => {
    rmSync(join(root, "package-lock.json"));
    expect(buildDigest(root)).toBeNull();
  });
});
