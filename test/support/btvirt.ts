import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A running `btvirt`: every connection to its socket is one more controller on one air. */
export interface Btvirt {
  /** Value for `--adapter`, for any number of processes. */
  readonly adapter: string;
  /** Ends it; again: does nothing. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * Starts BlueZ's emulated controllers. `btvirt -s` has its socket paths compiled in below /tmp, so that it runs in a mount
 * namespace of its own in which /tmp is a fresh folder; that folder is an ordinary one outside, where any process can
 * connect to the sockets, and several can run side by side.
 */
export async function startBtvirt(): Promise<Btvirt> {
  const folder = await mkdtemp(join(tmpdir(), "glowworm-btvirt-"));
  buildShim(folder);
  const child = spawn("unshare", [...namespaces(), "sh", "-c", INSIDE, "sh", folder], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const path = join(folder, "bt-server-bredrle");
    await appears(path, child);
    return { adapter: `h4:${path}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Without AF_ALG in the kernel btvirt would drop every Low Energy controller: the shim, in /tmp by then, stands in. */
const INSIDE = 'mount --bind "$1" /tmp && LD_PRELOAD=/tmp/af-alg-shim.so exec btvirt -s';

function namespaces(): string[] {
  return process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];
}

function buildShim(folder: string): void {
  const source = fileURLToPath(new URL("./af-alg-shim.c", import.meta.url));
  const library = join(folder, "af-alg-shim.so");
  execFileSync("cc", ["-shared", "-fPIC", "-o", library, source, "-ldl"], { stdio: "inherit" });
}

async function appears(path: string, child: ChildProcess): Promise<void> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
    if (existsSync(path)) return;
    if (child.exitCode !== null) break;
    await delay(POLL_MS);
  }
  throw new Error(`btvirt did not start: ${said}`);
}
