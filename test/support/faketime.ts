import { execFileSync } from "node:child_process";

/**
 * Environment in which a program's wall clock is ahead of this machine's. Needs `faketime`, which knows where its
 * library is. Elapsed time stays as it is, or every timer of Node would run wild.
 */
export function fakedTime(aheadMs: number): Readonly<Record<string, string>> {
  const args = ["-m", "-f", "+0s", "printenv", "LD_PRELOAD"];
  return {
    LD_PRELOAD: execFileSync("faketime", args, { encoding: "utf8" }).trim(),
    FAKETIME: `+${(aheadMs / 1000).toFixed(3)}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  };
}
