import { execFileSync } from "node:child_process";

/** Worker threads and spawned commands run the compiled program: compile it once before the tests. */
export default function setup(): void {
  execFileSync("node_modules/.bin/tsc", ["-b"], { stdio: "inherit" });
}
