import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

const DISK_BYTES = 4 * 2 ** 30;
const SERVER_PORT = 8787;
const PATH_FOR_ROOT = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

export interface MachineSettings {
  /** What `make-machine.sh` made. */
  readonly parts: string;
  /** Image of the data disk. */
  readonly disk: string;
  /** Wall clock at the start, milliseconds. */
  readonly nowMs: number;
  /** Whether the store is made not to wait for the disk. */
  readonly isControl: boolean;
}

/** Makes an image with an empty ext4. */
export function makeDisk(path: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, "");
  truncateSync(path, DISK_BYTES);
  execFileSync("mkfs.ext4", ["-q", path], { env: { PATH: PATH_FOR_ROOT } });
}

/** A virtual machine that runs one server, reached through a port of this one's loopback. */
export class Machine {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
    this.#ended = once(child, "close");
  }

  /** Boots, and waits until the server listens. */
  static async start(settings: MachineSettings): Promise<Machine> {
    const port = await freePort();
    const child = spawn("qemu-system-x86_64", options(settings, port), {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      if (line.includes("damaged")) process.stderr.write(`${line}\n`);
      if (!line.includes("server: listening")) continue;
      const machine = new Machine(`http://127.0.0.1:${port}`, child);
      child.stdout.resume();
      return machine;
    }
    throw new Error(`the machine ended before its server listened:\n${said.join("\n")}`);
  }

  /** All it had in memory is gone: only what its disk was told to keep is left. */
  async cutPower(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

function options({ parts, disk, nowMs, isControl }: MachineSettings, port: number): string[] {
  const control = isControl ? " glowworm.control" : "";
  const base = new Date(nowMs).toISOString().slice(0, 19);
  return [
    ...["-accel", "tcg", "-cpu", "max", "-m", "768", "-nographic", "-no-reboot"],
    ...["-kernel", join(parts, "vmlinuz"), "-initrd", join(parts, "initial.cpio")],
    ...["-append", `console=ttyS0 quiet panic=-1 mitigations=off${control}`],
    ...["-drive", `file=${join(parts, "root.img")},if=virtio,format=raw,readonly=on`],
    ...["-drive", `file=${disk},if=virtio,format=raw,cache=writeback`],
    ...["-netdev", `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:${SERVER_PORT}`],
    ...["-device", "virtio-net-pci,netdev=net,romfile="],
    ...["-rtc", `base=${base}`],
  ];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
