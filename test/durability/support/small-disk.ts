import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** Makes the file system, says so, and keeps it until its input ends. */
const HOLDER = 'mount -t tmpfs -o "size=$2" small "$1" && echo mounted && exec cat';

/** Whether this machine lets anybody make a file system that only chosen programs see. */
export function canMount(): boolean {
  return spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "test", "/mnt"]).status === 0;
}

/**
 * A real file system of a few megabytes over a folder, seen only by programs that are started `under` it, as long as it
 * is held. Needs no privilege.
 */
export class SmallDisk {
  /** The command before a program that shall see it. */
  readonly under: readonly string[];
  readonly #folder: string;
  readonly #holder: ChildProcess;

  private constructor(folder: string, holder: ChildProcess) {
    this.#folder = folder;
    this.#holder = holder;
    this.under = ["nsenter", "-t", String(holder.pid), "-U", "-m", "--preserve-credentials"];
  }

  /** @param megabytes of the whole of it. */
  static async mount(folder: string, megabytes: number): Promise<SmallDisk> {
    const args = ["-rm", "sh", "-c", HOLDER, "sh", folder, `${megabytes}m`];
    const holder = spawn("unshare", args, { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    return new SmallDisk(folder, holder);
  }

  /** Grows or shrinks it, whatever is on it. */
  resize(megabytes: number): void {
    const [command = "", ...args] = this.under;
    execFileSync(command, [...args, "mount", "-o", `remount,size=${megabytes}m`, this.#folder]);
  }

  /** Everything on it is gone. */
  async unmount(): Promise<void> {
    const ended = once(this.#holder, "close");
    this.#holder.stdin?.end();
    await ended;
  }
}
