import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { uptime } from "node:os";

/** What a machine knows about its clock beyond the time itself. */
export interface ClockTrust {
  /** Whether something keeps the wall clock right, as the kernel or the time daemon says. */
  isSynchronised(): Promise<boolean>;
  /** Seconds since boot, suspend included. */
  bootSeconds(): number;
  /** Changes with every boot. */
  bootId(): string;
}

const TIMESYNCD_FLAG = "/run/systemd/timesync/synchronized";
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** Linux: asks systemd; a machine without it counts as unsynchronised. */
export const systemClockTrust: ClockTrust = {
  isSynchronised: async () => existsSync(TIMESYNCD_FLAG) || (await askTimedatectl()),
  bootSeconds: uptime,
  bootId: () => readFileSync(BOOT_ID, "latin1").trim(),
};

/** The runner's word that something else keeps the clock right. */
export function assumeSynchronised(trust: ClockTrust): ClockTrust {
  return { ...trust, isSynchronised: () => Promise.resolve(true) };
}

function askTimedatectl(): Promise<boolean> {
  return new Promise((resolve) => {
    const args = ["show", "--property=NTPSynchronized", "--value"];
    execFile("timedatectl", args, { timeout: 5000 }, (error, stdout) => {
      resolve(error === null && stdout.trim() === "yes");
    });
  });
}
