import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { LoadResult, LoadSpec } from "./spec.ts";

const MAIN = new URL("main.js", import.meta.url).pathname;

/** Makes a load in a process of its own. @throws when it failed. */
export async function runLoad(spec: LoadSpec): Promise<LoadResult> {
  const child = spawn(process.execPath, [MAIN], { stdio: ["pipe", "pipe", "inherit"] });
  const exit = once(child, "exit");
  child.stdin.end(JSON.stringify(spec));
  const printed = await text(child.stdout);
  const [code] = await exit;
  if (code !== 0) throw new Error("the load generator failed");
  return JSON.parse(printed) as LoadResult;
}
