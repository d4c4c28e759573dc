import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeInvite, loadCrypto } from "@glowworm/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Command, OptionValues } from "../../src/command.ts";
import { serverInviteCommand } from "../../src/commands/server-invite.ts";
import { serverInvitesCommand } from "../../src/commands/server-invites.ts";
import { serverUninviteCommand } from "../../src/commands/server-uninvite.ts";

const crypto = await loadCrypto();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
  mkdirSync(join(folder, "glowworm", "server", "admission"), { recursive: true, mode: 0o700 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly out: readonly string[];
  readonly talk: readonly string[];
}

async function run(
  command: Command,
  values: OptionValues = {},
  positionals: readonly string[] = [],
): Promise<Said> {
  const out: string[] = [];
  const talk: string[] = [];
  const exit = await command.run({
    values,
    positionals,
    env: { XDG_STATE_HOME: folder },
    signal: new AbortController().signal,
    out: (line) => out.push(line),
    say: (line) => talk.push(line),
  });
  expect(exit).toBe("ok");
  return { out, talk };
}

it.each([serverInviteCommand, serverInvitesCommand])(
  "$name makes no folder of a typing error",
  async (command) => {
    const data = join(folder, "typo");
    await expect(run(command, { data })).rejects.toThrow(/is no data folder of a server/);
    expect(existsSync(data)).toBe(false);
  },
);

it.each([
  [`username = "glow"`, /^cluster\.username: .*cluster\.password_file is missing/],
  [`password_file = "/dev/null"`, /^cluster\.password_file: .*cluster\.username is missing/],
])("logs in to no cluster by half: %s", async (half, message) => {
  const config = join(folder, "server.toml");
  writeFileSync(config, `[cluster]\ncontact_points = ["192.0.2.1"]\n${half}\n`);
  const listing = run(serverInvitesCommand, { config });
  await expect(listing).rejects.toMatchObject({
    exit: "usage",
    message: expect.stringMatching(message),
    remedy: expect.stringContaining("GLOWWORM_CLUSTER_"),
  });
});

describe("glowworm server invite", () => {
  it("prints an invite alone on standard output, and its id beside it", async () => {
    const { out, talk } = await run(serverInviteCommand, { name: "Anna" });
    expect(out.length).toBe(1);
    expect(decodeInvite(crypto, out[0] ?? "").length).toBe(16);
    expect(talk.join()).toMatch(/glowworm server uninvite [0-9a-f]{8}/);
    const { out: lines } = await run(serverInvitesCommand);
    expect(lines.length).toBe(1);
    expect(lines[0]).toMatch(/^[0-9a-f]{8} {2}made \d{4}-\d\d-\d\d {2}issued never .* Anna$/);
    expect(lines[0]).not.toContain(out[0]);
  });

  it("says in JSON when an invite ends, and takes it back by its id", async () => {
    const { out } = await run(serverInviteCommand, { json: true, days: "1" });
    const made = JSON.parse(out[0] ?? "") as { id: string; lastDate: string };
    expect(made.lastDate).toBe(new Date().toISOString().slice(0, 10));
    await run(serverUninviteCommand, {}, [made.id]);
    expect((await run(serverInvitesCommand)).talk.join()).toContain("no invites");
    const again = run(serverUninviteCommand, {}, [made.id]);
    await expect(again).rejects.toMatchObject({ exit: "notFound" });
  });

  it.each<OptionValues>([
    { "tokens-per-day": "31" },
    { "tokens-per-day": "64.5" },
    { "tokens-per-day": "many" },
    { days: "0" },
    { days: "" },
    { name: "two\nlines" },
    { name: "x".repeat(101) },
  ])("refuses %o as a mistake in its words", async (values) => {
    await expect(run(serverInviteCommand, values)).rejects.toMatchObject({ exit: "usage" });
  });
});

describe("glowworm server uninvite", () => {
  it.each([{ words: [] }, { words: ["a", "b"] }])(
    "asks for an ID, given $words",
    async ({ words }) => {
      const running = run(serverUninviteCommand, {}, words);
      await expect(running).rejects.toMatchObject({
        exit: "usage",
        message: expect.stringContaining("ID"),
        remedy: "glowworm server uninvite ID",
      });
    },
  );
});
