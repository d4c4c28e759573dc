import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExitName, Failure, systemRandom } from "@glowworm/platform";
import { concat, loadCrypto } from "@glowworm/protocol";
import { FakeClock } from "@glowworm/protocol/testing";
import { openEmbeddedStore } from "@glowworm/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Command, OptionValues } from "../../src/command.ts";
import { serverBackupCommand } from "../../src/commands/server-backup.ts";
import { serverInviteCommand } from "../../src/commands/server-invite.ts";
import { serverInvitesCommand } from "../../src/commands/server-invites.ts";
import { serverMirrorCommand } from "../../src/commands/server-mirror.ts";
import { serverRestoreCommand } from "../../src/commands/server-restore.ts";
import { serverRunCommand } from "../../src/commands/server-run.ts";
import { serverStatsCommand } from "../../src/commands/server-stats.ts";
import { serverUninviteCommand } from "../../src/commands/server-uninvite.ts";
import { serverVerifyCommand } from "../../src/commands/server-verify.ts";
import { letThrough, readingOnly, shutOut } from "../support/without-rights.ts";

const NOON_MS = Date.UTC(2026, 10, 20, 12);
const NOON_HOUR = NOON_MS / 3_600_000;

let folder: string;
let data: string;
/** A folder that everybody may write to. */
let free: string;

/** A stopped server's folder with one open hour, of which no segment is closed. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
  letThrough(folder);
  data = join(folder, "data");
  free = join(folder, "free");
  const clock = new FakeClock(NOON_MS);
  const crypto = await loadCrypto();
  const options = { folder: data, retentionDays: 30, clock, random: systemRandom, crypto };
  const store = await openEmbeddedStore(options);
  await store.maintain();
  await store.put(concat(...Array.from({ length: 3 }, () => systemRandom.bytes(129))));
  await store.close();
  await run(serverInviteCommand, { data });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(
  command: Command,
  values: OptionValues,
  positionals: readonly string[] = [],
): Promise<{ readonly exit: ExitName; readonly out: string; readonly said: string }> {
  const out: string[] = [];
  const said: string[] = [];
  const exit = await command.run({
    values,
    positionals,
    env: { XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder },
    signal: AbortSignal.timeout(20_000),
    out: (line) => out.push(line),
    say: (line) => said.push(line),
  });
  return { exit, out: out.join("\n"), said: said.join("\n") };
}

/** What a command says that fails. */
async function failureOf(running: Promise<unknown>): Promise<Failure> {
  const error: unknown = await running.then(
    () => null,
    (thrown) => thrown,
  );
  if (error instanceof Failure) return error;
  throw new Error("not refused", { cause: error });
}

describe("a server's folder that this user may only read", () => {
  it("is read as it is, with its open hour", async () => {
    await readingOnly(data, async () => {
      const verify = await run(serverVerifyCommand, { data, json: true });
      expect(JSON.parse(verify.out)).toMatchObject({ openHours: 1, records: 3, damaged: [] });
      const stats = await run(serverStatsCommand, { data, json: true });
      expect(JSON.parse(stats.out)).toMatchObject({ openHours: 1, openRecords: 3 });
    });
  });

  it("is backed up with its open hour and its invites", async () => {
    mkdirSync(free);
    chmodSync(free, 0o777);
    const to = join(free, "backup");
    const { said } = await readingOnly(data, () => run(serverBackupCommand, { data, to }));
    expect(said).toBe("server: 0 hours copied, 0 there before, 1 open");
    expect((await run(serverInvitesCommand, { data: to })).out.split("\n")).toHaveLength(1);
  });

  it.each([serverVerifyCommand, serverStatsCommand])(
    "is no empty one to $name when there is a log",
    async (command) => {
      const database = join(data, "open", `${NOON_HOUR}.sqlite`);
      writeFileSync(`${database}-wal`, "");
      const failure = await readingOnly(data, () => failureOf(run(command, { data })));
      expect(failure.exit).toBe("noPermission");
      expect(failure.message).toContain(database);
      expect(failure.remedy).toContain(data);
    },
  );

  it("is not to be given to somebody else when a server cannot run on it", async () => {
    const running = () => failureOf(run(serverRunCommand, { data, listen: "127.0.0.1:0" }));
    const failure = await readingOnly(data, running);
    expect(failure.exit).toBe("noPermission");
    expect(failure.message).toContain(`--data: ${data}`);
    expect(failure.remedy).toMatch(/^run this as the owner of the folder/);
  });
});

describe("a server's folder that this user may not enter", () => {
  it.each<[Command, OptionValues, readonly string[]]>([
    [serverVerifyCommand, {}, []],
    [serverStatsCommand, {}, []],
    [serverBackupCommand, { to: "/nowhere" }, []],
    [serverRestoreCommand, {}, []],
    [serverInviteCommand, {}, []],
    [serverInvitesCommand, {}, []],
    [serverUninviteCommand, {}, ["0123abcd"]],
  ])("is one all the same to $name", async (command, values, words) => {
    const from = command === serverRestoreCommand ? { from: data } : {};
    const running = () => failureOf(run(command, { data, ...values, ...from }, words));
    const failure = await shutOut(data, running);
    expect(failure.exit).toBe("noPermission");
    expect(failure.message).toContain(data);
    expect(failure.remedy).toContain("as the owner of the folder or as root");
  });
});

it.each<[Command, OptionValues]>([
  [serverVerifyCommand, {}],
  [serverStatsCommand, {}],
  [serverBackupCommand, { to: "/nowhere" }],
])("a file in it that this user may not read is named by $name", async (command, values) => {
  letThrough(data);
  const reading = () => failureOf(run(command, { data, ...values }));
  const failure = await shutOut(join(data, "format"), reading);
  expect(failure.exit).toBe("noPermission");
  expect(failure.message).toContain(join(data, "format"));
});

describe("a folder to be written to", () => {
  const WRITERS: readonly [string, string, (path: string) => Promise<unknown>][] = [
    ["backup", "--to", (to) => run(serverBackupCommand, { data, to })],
    ["restore", "--data", (to) => run(serverRestoreCommand, { from: data, data: to })],
    [
      "mirror",
      "--data",
      (to) => run(serverMirrorCommand, { data: to, listen: "127.0.0.1:0" }, ["http://127.0.0.1:9"]),
    ],
  ];

  it.each(WRITERS)("of %s is no file", async (_, option, write) => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    for (const path of [file, join(file, "below")]) {
      const failure = await failureOf(write(path));
      expect(failure).toMatchObject({ exit: "usage", message: expect.stringContaining(option) });
    }
  });

  it.skipIf(process.platform !== "linux").each(WRITERS)(
    "of %s is not where none can be made",
    async (_, option, write) => {
      const failure = await failureOf(write("/proc/glowworm"));
      expect(failure).toMatchObject({ exit: "usage", message: expect.stringContaining(option) });
    },
  );

  it.each(WRITERS)("of %s is one that this user may write to", async (_, option, write) => {
    mkdirSync(free);
    const failure = await readingOnly(folder, () => failureOf(write(free)));
    expect(failure).toMatchObject({
      exit: "noPermission",
      message: expect.stringContaining(option),
    });
  });
});
