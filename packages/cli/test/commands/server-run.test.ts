import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "@glowworm/platform";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OptionValues } from "../../src/command.ts";
import { serverRunCommand } from "../../src/commands/server-run.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command until it has said where it listens; returns that line and how it ended. */
async function runOnce(
  values: OptionValues,
  positionals: readonly string[] = [],
): Promise<readonly [string, string]> {
  const stop = new AbortController();
  const said: string[] = [];
  const exit = await serverRunCommand.run({
    values,
    positionals,
    env: { XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder },
    signal: stop.signal,
    out: () => {},
    say: (line) => {
      said.push(line);
      stop.abort();
    },
  });
  return [said.join("\n"), exit];
}

describe("glowworm server run", () => {
  it("says where it listens and that it stops, keeps its data in the state folder, and ends well", async () => {
    const [talk, exit] = await runOnce({ listen: "127.0.0.1:0" });
    const [listening, ...others] = talk.split("\n");
    expect(listening).toMatch(/^server: listening on http:\/\/127\.0\.0\.1:[0-9]+$/);
    expect(others).toEqual(["server: stopping: answering what is in flight", "server: stopped"]);
    expect(exit).toBe("ok");
    expect(existsSync(join(folder, "glowworm", "server", "open"))).toBe(true);
  });

  it("takes a folder and an IPv6 address", async () => {
    const [line] = await runOnce({ listen: "[::1]:0", data: join(folder, "elsewhere") });
    expect(line).toContain("http://[::1]:");
    expect(existsSync(join(folder, "elsewhere", "open"))).toBe(true);
  });

  it("logs JSON lines that name neither the machine nor the process", async () => {
    const [talk] = await runOnce({ listen: "127.0.0.1:0", "log-format": "json" });
    const entries = talk.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries.map(({ event }) => event)).toEqual(["listening", "stopping", "stopped"]);
    expect(Object.keys(entries[0] ?? {}).sort()).toEqual(["event", "level", "text", "time", "url"]);
    expect(entries[0]).toMatchObject({ level: "info", url: expect.stringContaining("127.0.0.1") });
  });

  it("is silent where nothing is wrong at the level error", async () => {
    const stop = new AbortController();
    const said: string[] = [];
    const running = serverRunCommand.run({
      values: { listen: "127.0.0.1:0", "log-level": "error" },
      positionals: [],
      env: { XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder },
      signal: stop.signal,
      out: () => {},
      say: (line) => said.push(line),
    });
    stop.abort();
    expect(await running).toBe("ok");
    expect(said).toEqual([]);
  });

  it.each<OptionValues>([
    { listen: "8787" },
    { listen: "127.0.0.1" },
    { listen: "127.0.0.1:65536" },
    { listen: "::1:8787" },
    { listen: "[127.0.0.1]:8787" },
    { listen: ":8787" },
    { retention: "0" },
    { retention: "1.5" },
    { retention: "for ever" },
  ])("refuses %o as a mistake in its words", async (values) => {
    const running = runOnce({ data: folder, ...values });
    await expect(running).rejects.toBeInstanceOf(Failure);
    await expect(running).rejects.toMatchObject({ exit: "usage" });
  });

  it("takes no stray words, which may be a forgotten --data", async () => {
    const running = runOnce({ listen: "127.0.0.1:0" }, ["/srv/glowworm"]);
    await expect(running).rejects.toMatchObject({ exit: "usage" });
  });
});
