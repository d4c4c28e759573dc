import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs a program to its end and leaves its output alone; its exit code. */
export async function runProgram(program: string, args: readonly string[]): Promise<number | null> {
  const child = spawn(program, args, { stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}
