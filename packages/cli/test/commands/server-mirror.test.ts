import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OptionValues } from "../../src/command.ts";
import { serverMirrorCommand } from "../../src/commands/server-mirror.ts";

const SOURCE = "http://127.0.0.1:9";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command until it has said where it listens; returns that line and how it ended. */
async function runOnce(
  positionals: readonly string[],
  values: OptionValues = {},
): Promise<readonly [string, string]> {
  const stop = new AbortController();
  const said: string[] = [];
  const exit = await serverMirrorCommand.run({
    values: { listen: "127.0.0.1:0", ...values },
    positionals,
    env: { XDG_STATE_HOME: folder },
    signal: stop.signal,
    out: () => {},
    say: (line) => {
      said.push(line);
      stop.abort();
    },
  });
  return [said.join("\n"), exit];
}

describe("glowworm server mirror", () => {
  it("says one line with its URL, keeps its copies in the state folder, and ends well", async () => {
    const [line, exit] = await runOnce([SOURCE]);
    expect(line).toMatch(/^mirror: listening on http:\/\/127\.0\.0\.1:[0-9]+$/);
    expect(exit).toBe("ok");
    expect(existsSync(join(folder, "glowworm", "mirror", "hours"))).toBe(true);
  });

  it("says the same as JSON for programs", async () => {
    const [line] = await runOnce([SOURCE], { "log-format": "json", "min-free": "1 GiB" });
    expect(JSON.parse(line)).toMatchObject({ level: "info", event: "listening" });
  });

  it.each<[readonly string[], OptionValues]>([
    [[], {}],
    [[SOURCE, "more"], {}],
    [["ftp://elsewhere"], {}],
    [["https://me:secret@elsewhere"], {}],
    [[SOURCE], { listen: "8788" }],
    [[SOURCE], { "min-free": "lots" }],
    [[SOURCE], { "log-format": "xml" }],
  ])("refuses %j with %o as a mistake in its words", async (positionals, values) => {
    await expect(runOnce(positionals, values)).rejects.toMatchObject({ exit: "usage" });
  });
});
