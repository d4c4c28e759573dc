import { spawn } from "node:child_process";
import { once } from "node:events";
import { renameSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { temporaryFolder } from "./place.ts";
import type { ServerProcess } from "./server-process.ts";

/** Runs a program for which every read of one file says `EIO`: always, or as often in each of its threads. */
export function unreadable(path: string, times?: number): readonly string[] {
  return ["strace", "-D", "--seccomp-bpf", "-qqq", ...failingReads(path, times)];
}

/** Makes a file unreadable for a server that runs, to its end. `ended` resolves after that. */
export async function makeUnreadable(
  server: ServerProcess,
  path: string,
): Promise<{ readonly ended: Promise<unknown> }> {
  const strace = spawn("strace", [...failingReads(path), "-p", String(server.pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(strace, "close");
  // It goes on to tell of threads that begin.
  const [line] = await once(createInterface(strace.stderr), "line");
  if (!String(line).includes("attached")) throw new Error(String(line));
  return { ended };
}

/** Moves a file of a folder away and puts a link in its place: what is written there instead has other sectors. */
export function elsewhere(folder: string, file: string): string {
  const moved = join(temporaryFolder(), basename(file));
  renameSync(join(folder, file), moved);
  symlinkSync(moved, join(folder, file));
  return moved;
}

function failingReads(path: string, times?: number): readonly string[] {
  const when = times === undefined ? "" : `:when=1..${times}`;
  const quiet = ["-f", "-e", "signal=none", "-o", "/dev/null"];
  const inject = `inject=read,pread64:error=EIO${when}`;
  return [...quiet, "-P", path, "-e", "trace=read,pread64", "-e", inject];
}
