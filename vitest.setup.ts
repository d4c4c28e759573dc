import { execFileSync } from "node:child_process";

/** Worker threads and spawned commands run the compiled program: compile it once before the tests. */
export default function setup(): void {
  execFileSync("npx", ["--no-install", "tsc", "-b"], { stdio: "inherit" });
}
