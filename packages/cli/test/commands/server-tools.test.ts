import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExitName, Failure, systemRandom } from "@glowworm/platform";
import { concat, loadCrypto } from "@glowworm/protocol";
import { FakeClock } from "@glowworm/protocol/testing";
import { openEmbeddedStore } from "@glowworm/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Command, OptionValues } from "../../src/command.ts";
import { serverBackupCommand } from "../../src/commands/server-backup.ts";
import { serverRestoreCommand } from "../../src/commands/server-restore.ts";
import { serverStatsCommand } from "../../src/commands/server-stats.ts";
import { serverVerifyCommand } from "../../src/commands/server-verify.ts";

const NOON_MS = Date.UTC(2026, 10, 20, 12);
const NOON_HOUR = NOON_MS / 3_600_000;
const GET_ID = new TextEncoder().encode("planted-pattern!");

interface Run {
  readonly exit: ExitName;
  readonly out: string;
  readonly said: string;
}

let folder: string;
let data: string;

/** A stopped server's folder with one closed hour and one open one. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
  data = join(folder, "glowworm", "server");
  const clock = new FakeClock(NOON_MS);
  const crypto = await loadCrypto();
  const options = { folder: data, retentionDays: 30, clock, random: systemRandom, crypto };
  const store = await openEmbeddedStore(options);
  await store.maintain();
  await store.put(concat(GET_ID, new Uint8Array(113).fill(1)));
  clock.advance(3_600_000 + 120_000);
  await store.maintain();
  await store.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(
  command: Command,
  values: OptionValues,
  signal = new AbortController().signal,
): Promise<Run> {
  const out: string[] = [];
  const said: string[] = [];
  const exit = await command.run({
    values,
    positionals: [],
    env: { XDG_STATE_HOME: folder },
    signal,
    out: (line) => out.push(line),
    say: (line) => said.push(line),
  });
  return { exit, out: out.join("\n"), said: said.join("\n") };
}

describe("the tools of a server's operator", () => {
  it("count what there is, as text and as JSON, and print no id", async () => {
    const text = await run(serverStatsCommand, {});
    expect(text.out).toContain(
      "closed hours     1, 2026-11-20T12:00:00.000Z to 2026-11-20T12:00:00.000Z",
    );
    const { out } = await run(serverStatsCommand, { json: true });
    expect(JSON.parse(out)).toMatchObject({ v: 1, hours: 1, records: 256, openHours: 1 });
    expect(text.out + out).not.toMatch(/706c616e746564|planted/);
  });

  it("back up, restore and verify", async () => {
    const to = join(folder, "backup");
    const restored = join(folder, "restored");
    const backup = await run(serverBackupCommand, { to });
    expect([backup.exit, backup.said]).toEqual([
      "ok",
      "server: 1 hours copied, 0 there before, 1 open",
    ]);
    const restore = await run(serverRestoreCommand, { from: to, data: restored });
    expect([restore.exit, restore.said]).toEqual([
      "ok",
      "server: 1 closed hours and 1 open ones restored",
    ]);
    const verify = await run(serverVerifyCommand, { data: restored, json: true });
    expect(verify.exit).toBe("ok");
    expect(JSON.parse(verify.out)).toMatchObject({ v: 1, hours: 1, openHours: 1, damaged: [] });
  });

  it("end with exit code 1 and name the file when something is damaged", async () => {
    const path = join(data, "hours", `${NOON_HOUR}.hour`);
    const bytes = readFileSync(path);
    bytes[9000] = (bytes[9000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    for (const [command, values] of [
      [serverVerifyCommand, {}],
      [serverBackupCommand, { to: join(folder, "backup") }],
    ] as const) {
      const { exit, said } = await run(command, values);
      expect(exit).toBe("failure");
      expect(said).toContain(`server: damaged: ${path}: a page differs from its hash`);
    }
  });

  it("end where they are when they are interrupted", async () => {
    const stop = AbortSignal.abort();
    expect((await run(serverVerifyCommand, {}, stop)).exit).toBe("interrupted");
    const to = join(folder, "backup");
    expect((await run(serverBackupCommand, { to }, stop)).exit).toBe("interrupted");
    expect(existsSync(join(to, "format"))).toBe(false);
  });

  it.each<[string, Command, OptionValues]>([
    ["no --to", serverBackupCommand, {}],
    ["no --from", serverRestoreCommand, {}],
    ["a retention of no days", serverBackupCommand, { to: "/nowhere", retention: "0" }],
    ["a folder that is none", serverVerifyCommand, { data: "/nowhere" }],
    ["a folder that is none", serverStatsCommand, { data: "/nowhere" }],
    ["a backup that is none", serverRestoreCommand, { from: "/nowhere" }],
  ])("refuse %s as a mistake in its words", async (_, command, values) => {
    const failed = run(command, values);
    await expect(failed).rejects.toBeInstanceOf(Failure);
    await expect(failed).rejects.toMatchObject({ exit: "usage" });
  });

  it("restore into no folder that holds anything", async () => {
    const to = join(folder, "backup");
    await run(serverBackupCommand, { to });
    await expect(run(serverRestoreCommand, { from: to })).rejects.toMatchObject({ exit: "usage" });
  });

  it.skipIf(process.getuid?.() !== 0)(
    "restore, as root, for whoever has the folder or the one that it is made in",
    async () => {
      const to = join(folder, "backup");
      await run(serverBackupCommand, { to });
      const home = join(folder, "home");
      const ready = join(home, "ready");
      mkdirSync(ready, { recursive: true });
      chownSync(home, 4321, 4321);
      chownSync(ready, 1234, 1234);
      for (const [data, owner] of [
        [join(home, "new"), 4321],
        [ready, 1234],
      ] as const) {
        await run(serverRestoreCommand, { from: to, data });
        const names = readdirSync(data, { recursive: true, encoding: "utf8" });
        expect(names.length).toBeGreaterThan(4);
        const owners = ["", ...names].map((name) => statSync(join(data, name)).uid);
        expect(new Set(owners)).toEqual(new Set([owner]));
      }
    },
  );
});
