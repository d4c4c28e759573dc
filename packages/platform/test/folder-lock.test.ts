import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Failure, lockFolder } from "../src/index.ts";

const BUSY = { message: "another one uses this folder", remedy: "stop it" };
const PLATFORM = new URL("../dist/index.js", import.meta.url).href;
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-lock-"));
  path = join(folder, "lock.sqlite");
});
afterEach(() => rmSync(folder, { recursive: true }));

it("refuses a second holder, and lets one in after the first let go", () => {
  const lock = lockFolder(path, BUSY);
  expect(() => lockFolder(path, BUSY)).toThrow(Failure);
  lock.release();
  lockFolder(path, BUSY).release();
});

it("ends with the process that held it, however that ended", async () => {
  const program = `
    const { lockFolder } = await import(${JSON.stringify(PLATFORM)});
    lockFolder(${JSON.stringify(path)}, { message: "", remedy: "" });
    process.stdout.write("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  await once(child.stdout, "data");
  expect(() => lockFolder(path, BUSY)).toThrow(BUSY.message);
  child.kill("SIGKILL");
  await once(child, "close");
  lockFolder(path, BUSY).release();
});
