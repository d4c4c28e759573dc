import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { assumeSynchronised, type ClockTrust, linuxClockTrust } from "../src/index.ts";

let folder: string;
let clock: ClockTrust;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-clock-"));
  clock = linuxClockTrust(join(folder, "synchronized"));
  vi.stubEnv("PATH", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function timedatectlThat(does: string): void {
  writeFileSync(join(folder, "timedatectl"), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
}

describe("a machine's clock", () => {
  it.each([
    ["says yes", "echo yes", true],
    ["says no", "echo no", false],
    ["says nothing", "", false],
    ["fails", "echo yes; exit 1", false],
  ])("is synchronised only on a plain yes: timedatectl %s", async (_case, does, expected) => {
    timedatectlThat(does);
    await expect(clock.isSynchronised()).resolves.toBe(expected);
  });

  it("is synchronised once systemd-timesyncd has set it, whatever the kernel has forgotten", async () => {
    timedatectlThat("echo no");
    writeFileSync(join(folder, "synchronized"), "");
    await expect(clock.isSynchronised()).resolves.toBe(true);
  });

  it("is asked for the one property that the kernel vouches for", async () => {
    timedatectlThat('[ "$*" = "show --property=NTPSynchronized --value" ] && echo yes');
    await expect(clock.isSynchronised()).resolves.toBe(true);
  });

  it("is unsynchronised without systemd, unless the runner gives a word for it", async () => {
    await expect(clock.isSynchronised()).resolves.toBe(false);
    const trust = assumeSynchronised(clock);
    await expect(trust.isSynchronised()).resolves.toBe(true);
  });

  it("has a boot time and a boot identity, also on the runner's word", () => {
    const trust = assumeSynchronised(clock);
    expect(trust.bootSeconds()).toBeGreaterThan(0);
    expect(trust.bootId()).toBe(clock.bootId());
    expect(trust.bootId()).toMatch(/^[0-9a-f-]{36}$/);
  });
});
