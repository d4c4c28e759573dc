import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../bin/glowworm.js", import.meta.url));

it("ends quietly when nobody reads its output any more", async () => {
  const child = spawn(process.execPath, [PROGRAM, "demo", "--json"]);
  child.stdout.destroy();
  const ended = new Promise((resolve) => child.once("close", resolve));
  expect(await text(child.stderr)).toBe("");
  expect(await ended).toBe(0);
});
