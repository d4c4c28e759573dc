import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { needs } from "../support/needs.ts";

const DEPLOY = new URL("../../deploy/", import.meta.url);
const UNITS = readdirSync(DEPLOY).filter((name) => name.endsWith(".service"));
/** Of ten; a unit without any hardening has 9.6. */
const EXPOSURE_MAX = 2.0;
const { skip } = needs("systemd-analyze");

describe("the systemd units", () => {
  it("are there for the server, a relay and a beacon", () => {
    expect(UNITS).toEqual([
      "glowworm-beacon.service",
      "glowworm-relay.service",
      "glowworm-server.service",
    ]);
  });

  it.skipIf(skip).each(UNITS)("%s is sandboxed", (unit) => {
    const args = ["security", "--offline=true", "--no-pager", new URL(unit, DEPLOY).pathname];
    const said = execFileSync("systemd-analyze", args, { encoding: "utf8" });
    const exposure = Number(/Overall exposure level for \S+: ([0-9.]+)/.exec(said)?.[1]);
    process.stderr.write(`${unit}: exposure ${exposure} of 10\n`);
    expect(exposure).toBeLessThanOrEqual(EXPOSURE_MAX);
  });

  it.each(UNITS)("%s runs a program and a command that exist", (unit) => {
    const text = readFileSync(new URL(unit, DEPLOY), "utf8");
    const [, program = "", command = ""] =
      /^ExecStart=\/usr\/bin\/node \/opt\/glowworm\/(\S+) (\w+ \w+)/m.exec(text) ?? [];
    expect(existsSync(new URL(`../${program}`, DEPLOY))).toBe(true);
    expect(unit).toBe(`glowworm-${command.replace(" run", "")}.service`);
    // V8 and WebAssembly write code: with it no unit would start.
    expect(text).not.toMatch(/^MemoryDenyWriteExecute=/m);
  });
});
