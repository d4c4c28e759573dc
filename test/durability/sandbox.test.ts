import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { needs } from "../support/needs.ts";

const { skip } = needs("strace");
const WORKER = createRequire(
  new URL("../../packages/server/src/index.ts", import.meta.url),
).resolve("@glowworm/server/closing-worker");
const ASK = `
  import { Worker } from "node:worker_threads";
  const workerData = { hasTime: true };
  const worker = new Worker(${JSON.stringify(WORKER)}, { workerData, execArgv: [] });
  worker.on("message", (reply) => { console.log(JSON.stringify(reply)); worker.terminate(); });
  worker.postMessage({ kind: "discard", paths: ["/nonexistent/none.sqlite"] });
`;

it.skipIf(skip)(
  "a sandbox that forbids priorities, as the unit does, closes hours all the same",
  () => {
    const inject = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=setpriority"];
    const fault = ["-e", "inject=setpriority:error=EPERM"];
    const program = [process.execPath, "--input-type=module", "-e", ASK];
    const answer = execFileSync("strace", [...inject, ...fault, ...program], { encoding: "utf8" });
    expect(JSON.parse(answer)).toHaveProperty("closed", null);
  },
);
