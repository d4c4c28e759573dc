import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Failure } from "@glowworm/platform";
import type { AdapterSpec } from "./adapter.ts";
import type { NativeSocketClass } from "./native-transport.ts";

/** Where a probe looks. */
export interface ProbeRoots {
  /** The kernel's device tree: `/sys`. */
  readonly sysfs: string;
  /** The kernel's process tree: `/proc`. */
  readonly proc: string;
  /** The program that needs the rights: Node itself. */
  readonly program: string;
  /** Loads the native HCI socket, or throws. */
  readonly loadNative: () => NativeSocketClass;
}

/** This machine. */
export const THIS_MACHINE: ProbeRoots = {
  sysfs: "/sys",
  proc: "/proc",
  program: process.execPath,
  loadNative: () => createRequire(import.meta.url)("@abandonware/bluetooth-hci-socket"),
};

/** Bits of the effective capabilities. linux/capability.h */
const CAPABILITIES: readonly (readonly [name: string, bit: bigint])[] = [
  // The kernel's user channel, and switching an adapter off.
  ["CAP_NET_ADMIN", 12n],
  // LE commands on a raw socket.
  ["CAP_NET_RAW", 13n],
];

/**
 * Whether the adapter can be used, before anything that would crash is loaded: without Bluetooth in the kernel noble and
 * bleno throw when they are loaded, and on Node 24 that ends the process later even when it was caught.
 * @throws {Failure} noBluetooth or noPermission: the reason and the remedy.
 */
export function probeAdapter(spec: AdapterSpec, roots: ProbeRoots = THIS_MACHINE): void {
  if (spec.kind === "h4") probeStream(spec.path);
  else probeKernel(spec.index, roots);
}

/** Whether the kernel still knows the adapter. */
export function hasAdapter(index: number, roots: ProbeRoots = THIS_MACHINE): boolean {
  return existsSync(join(roots.sysfs, "class/bluetooth", `hci${index}`));
}

function probeStream(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isSocket() === true || found?.isCharacterDevice() === true) return;
  const state = found === undefined ? "does not exist" : "is neither a socket nor a serial device";
  throw new Failure(
    "noBluetooth",
    `--adapter h4:${path}: it ${state}`,
    "start the controller behind it, or name an adapter of this machine: --adapter hci0",
  );
}

function probeKernel(index: number, roots: ProbeRoots): void {
  if (!existsSync(join(roots.sysfs, "class/bluetooth"))) {
    throw new Failure(
      "noBluetooth",
      `--adapter hci${index}: no Bluetooth in this system's kernel`,
      "load the driver (sudo modprobe btusb), or use a Linux machine with a Bluetooth adapter",
    );
  }
  if (!hasAdapter(index, roots)) {
    throw new Failure(
      "noBluetooth",
      `--adapter hci${index}: no such adapter`,
      "plug it in, or name one that ls /sys/class/bluetooth lists",
    );
  }
  probeRights(index, roots);
  probeNative(roots);
}

function probeRights(index: number, roots: ProbeRoots): void {
  const status = readFileSync(join(roots.proc, "self/status"), "latin1");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const missing = CAPABILITIES.filter(([, bit]) => ((effective >> bit) & 1n) === 0n);
  if (missing.length === 0) return;
  throw new Failure(
    "noPermission",
    `--adapter hci${index}: missing ${missing.map(([name]) => name).join(" and ")}`,
    `sudo setcap cap_net_raw,cap_net_admin+eip ${roots.program}`,
  );
}

function probeNative(roots: ProbeRoots): void {
  try {
    roots.loadNative();
  } catch (cause) {
    throw new Failure(
      "noBluetooth",
      "the native Bluetooth socket is not built for this Node",
      "npm run build:radio (it needs a C++ compiler, make and Python 3)",
      { cause },
    );
  }
}
