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

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/**
 * Linux: asks systemd; a machine without it counts as unsynchronised. The kernel, whose word `timedatectl` gives, forgets
 * nine hours after the last answer of a time server; a clock wanders by a second or two in a day. The flag of
 * systemd-timesyncd stays until that ends, so that a relay goes on through a day without a network.
 * @param flag the file that systemd-timesyncd makes once it has set the clock.
 */
export function linuxClockTrust(flag: string): ClockTrust {
  return {
    isSynchronised: async () => existsSync(flag) || (await askTimedatectl()),
    bootSeconds: uptime,
    bootId: () => readFileSync(BOOT_ID, "latin1").trim(),
  };
}

/** This machine's. */
export const systemClockTrust: ClockTrust = linuxClockTrust("/run/systemd/timesync/synchronized");

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
