import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { Failure } from "@glowworm/platform";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Invocation, OptionValues } from "../../src/command.ts";
import { configCheckCommand } from "../../src/commands/config-check.ts";
import { serverRunCommand } from "../../src/commands/server-run.ts";

interface Report {
  readonly file: string | null;
  readonly settings: readonly { key: string; value: unknown; origin: string }[];
  readonly mistakes: readonly { place: string; message: string; remedy: string }[];
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Variables = Readonly<Record<string, string>>;

async function run(
  values: OptionValues,
  env: Variables = {},
): Promise<{ exit: string; out: string }> {
  const lines: string[] = [];
  const exit = await configCheckCommand.run({
    ...invocation(values, env),
    out: (line) => lines.push(line),
  });
  return { exit, out: lines.join("\n") };
}

function invocation(values: OptionValues, env: Variables = {}): Invocation {
  return {
    values,
    positionals: [],
    env: { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder, ...env },
    signal: AbortSignal.abort(),
    out: () => {},
    say: () => {},
  };
}

async function report(
  toml: string,
  values: OptionValues = {},
  env: Variables = {},
): Promise<Report> {
  const { out } = await run({ json: true, config: written(toml), ...values }, env);
  return JSON.parse(out) as Report;
}

function written(toml: string): string {
  const file = join(folder, "written.toml");
  writeFileSync(file, toml);
  return file;
}

function originOf({ settings }: Report, key: string): unknown {
  const found = settings.find((one) => one.key === key);
  return [found?.value, found?.origin];
}

describe("glowworm config check", () => {
  it("lets flags win over the environment, that over the file, and that over the default", async () => {
    const env = { GLOWWORM_RETENTION: "8", GLOWWORM_LOG_LEVEL: "warn" };
    const toml = `retention = 7\n[log]\nlevel = "error"\nformat = "json"\n`;
    const found = await report(toml, { retention: "9" }, env);
    expect(found.mistakes).toEqual([]);
    expect(originOf(found, "retention")).toEqual([9, "--retention"]);
    expect(originOf(found, "log.level")).toEqual(["warn", "GLOWWORM_LOG_LEVEL"]);
    expect(originOf(found, "log.format")).toEqual(["json", join(folder, "written.toml")]);
    expect(originOf(found, "listen")).toEqual(["127.0.0.1:8787", "default"]);
    expect(originOf(found, "metrics.listen")).toEqual([null, "default"]);
  });

  it("prints a line for each setting", async () => {
    const { out, exit } = await run({ config: written("retention = 7") });
    expect(exit).toBe("ok");
    expect(out).toMatch(/^retention +7 +.*written\.toml$/m);
    expect(out).toMatch(/^metrics\.listen +- +default$/m);
  });

  it("takes the user's file when none is named", async () => {
    mkdirSync(join(folder, "glowworm"));
    const file = join(folder, "glowworm", "server.toml");
    writeFileSync(file, "retention = 7");
    const { out } = await run({ json: true });
    expect((JSON.parse(out) as Report).file).toBe(file);
  });

  it.each([
    ["listn = 'x'", "written.toml: listn", "listen"],
    ["[log]\nlevell = 'x'", "written.toml: log.levell", "log.level"],
    ["[metrics]\nlisten = 'no'", "written.toml: metrics.listen", "127.0.0.1:9187"],
    ["retention = '30'", "written.toml: retention", "30"],
    ["retention = 1.5", "written.toml: retention", "30"],
    ["log = 'json'", "written.toml: log", ""],
    ["[listen]\nhost = 'x'", "written.toml: listen", "127.0.0.1:8787"],
    ["trusted_proxies = ['0.0.0.0/0']", "written.toml: trusted_proxies", "10.0.0.5"],
    ["[limits]\nrecords_per_id = 256", "written.toml: limits.records_per_id", "64"],
    ["[limits]\nrecordsPerId = 6", "written.toml: limits.recordsPerId", "records_per_id"],
    ["min_free = '256 MB'", "written.toml: min_free", "2 GiB"],
    ["admission = 'all'", "written.toml: admission", "invite"],
    ["data = ''", "written.toml: data", "/var"],
    ["retention = 7\nlisten = [", "written.toml:2", "toml.io"],
    ["retention = 7\nretention = 8", "written.toml:2", "toml.io"],
  ])("refuses %j, says where, and what to do", async (toml, place, remedy) => {
    const { mistakes } = await report(toml);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]?.place).toBe(join(folder, place));
    expect(mistakes[0]?.remedy).toContain(remedy);
  });

  it.each<[string, string, string]>([
    [`[metrics]\nlisten = "127.0.0.1:8787"`, "metrics.listen", "127.0.0.1:9187"],
    [`listen = "0.0.0.0:80"\nmetrics.listen = "127.0.0.1:80"`, "metrics.listen", ":9187"],
    [`listen = "127.0.0.1:80"\nmetrics.listen = "[::]:80"`, "metrics.listen", ":9187"],
    [`listen = "[::1]:80"\nmetrics.listen = "localhost:80"`, "metrics.listen", ":9187"],
    [`[cluster]\nkeyspace = "glow"`, "cluster.keyspace", "contact_points"],
    [`retention = 3651\ncluster.contact_points = ["::1"]`, "retention", "30"],
    [`cluster.contact_points = ["10.0.0.1:99999"]`, "cluster.contact_points", "10.0.0.2"],
    [`min_free = "999999 TiB"`, "min_free", "256 MiB"],
    ["limits.headers_timeout_ms = 10001", "limits.headers_timeout_ms", "10000 or less"],
    [`data = "~/glow"`, "data", `write "${homedir()}/glow"`],
    [`data = "~anna/glow"`, "data", "begins with /"],
    [`log = "json"`, "log", `log.format = "json"`],
  ])("refuses %j, which cannot work, and so does the server", async (toml, key, remedy) => {
    const { mistakes } = await report(toml);
    expect(mistakes.map(({ place }) => place)).toEqual([join(folder, `written.toml: ${key}`)]);
    expect(mistakes[0]?.remedy).toContain(remedy);
    const running = serverRunCommand.run(invocation({ config: written(toml) }));
    await expect(running).rejects.toMatchObject({
      exit: "usage",
      message: expect.stringContaining(`written.toml: ${key}: `),
    });
  });

  it.each([
    `listen = "0.0.0.0:80"\nmetrics.listen = "[::1]:80"`,
    `listen = "127.0.0.1:80"\nmetrics.listen = "127.0.0.1:81"`,
    `listen = "10.0.0.1:80"\nmetrics.listen = "127.0.0.1:80"`,
    `cluster.contact_points = ["node.example", "10.0.0.1:9043", "[::1]:9042", "fd00::1"]\nmin_free = "999999 TiB"`,
    `data = "./~"`,
  ])("takes %j", async (toml) => {
    expect((await report(toml)).mistakes).toEqual([]);
  });

  it.each<[string, string, string, number?]>([
    ["", "cluster.password_file", "on one line"],
    ["a\nb\n", "cluster.password_file", "on one line"],
    ["secret words\n", "cluster.password_file", "chmod o= ", 0o644],
  ])(
    "refuses %j as the password of a cluster, and never repeats it",
    async (text, key, remedy, mode) => {
      const file = join(folder, "password");
      writeFileSync(file, text, { mode: mode ?? 0o640 });
      const login = `username = "glow"\npassword_file = "${file}"`;
      const found = await report(`[cluster]\ncontact_points = ["10.0.0.1"]\n${login}`);
      expect(found.mistakes.map(({ place }) => place)).toEqual([
        join(folder, `written.toml: ${key}`),
      ]);
      expect(found.mistakes[0]?.remedy).toContain(remedy);
      expect(JSON.stringify(found)).not.toContain("secret words");
    },
  );

  it("takes a password that a group may read, and certificates that are some", async () => {
    const [password, ca] = [join(folder, "password"), join(folder, "ca.pem")];
    writeFileSync(password, "secret\n", { mode: 0o640 });
    writeFileSync(ca, rootCertificates.slice(0, 2).join("\n"));
    const files = `password_file = "${password}"\nca_file = "${ca}"`;
    const toml = `[cluster]\ncontact_points = ["10.0.0.1"]\nusername = "glow"\n${files}`;
    expect((await report(toml)).mistakes).toEqual([]);
    writeFileSync(ca, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect((await report(toml)).mistakes[0]?.message).toContain("holds no certificates");
    rmSync(ca);
    expect((await report(toml)).mistakes[0]?.message).toContain("there is no ");
  });

  it.each([
    [`username = "glow"`, "cluster.username", "cluster.password_file"],
    [`password_file = "/dev/null"`, "cluster.password_file", "cluster.username"],
  ])("refuses half a login: %j", async (toml, key, missing) => {
    const { mistakes } = await report(`[cluster]\ncontact_points = ["10.0.0.1"]\n${toml}`);
    expect(mistakes[0]?.place).toContain(key);
    expect(mistakes[0]?.message).toContain(`${missing} is missing`);
  });

  it("refuses a slip in a variable, and leaves alone what other programs are told", async () => {
    const slip = await report("", {}, { GLOWWORM_LISEN: "127.0.0.1:1" });
    expect(slip.mistakes.map(({ place }) => place)).toEqual(["GLOWWORM_LISEN"]);
    const foreign = { GLOWWORM_PASSPHRASE_FILE: "x", GLOWWORM_PORT: "tcp://192.0.2.1:80" };
    expect((await report("", {}, foreign)).mistakes).toEqual([]);
  });

  it("names all mistakes at once and exits as for wrong words", async () => {
    const values = { config: written("listn = 1\nretention = 0"), "log-level": "loud" };
    const failure = await run(values).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    const { exit, message, remedy } = failure as Failure;
    expect(exit).toBe("usage");
    const all = `${message}\n${remedy}`;
    for (const key of ["listn", "retention", "--log-level"]) expect(all).toContain(key);
    expect((await run({ ...values, json: true })).exit).toBe("usage");
  });

  it("refuses a file that was named and is not there", async () => {
    const missing = join(folder, "missing.toml");
    await expect(run({ config: missing })).rejects.toMatchObject({ exit: "usage" });
    await expect(run({}, { GLOWWORM_CONFIG: missing })).rejects.toMatchObject({ exit: "usage" });
    await expect(run({ config: folder })).rejects.toMatchObject({ exit: "noPermission" });
  });

  it("takes an empty name for no file, and a shell's ~ for none that it knows", async () => {
    await expect(run({ config: "" })).rejects.toMatchObject({ exit: "usage" });
    await expect(run({ config: "~/x.toml" })).rejects.toThrow(/not expanded/);
    expect((await run({}, { GLOWWORM_CONFIG: "" })).exit).toBe("ok");
  });

  it("goes on without a usual file, and says who may read one that is closed to it", async () => {
    const blocked = join(folder, "blocked");
    writeFileSync(blocked, "");
    expect((await run({}, { XDG_CONFIG_HOME: blocked })).exit).toBe("ok");
    mkdirSync(join(folder, "glowworm", "server.toml"), { recursive: true });
    await expect(run({})).rejects.toMatchObject({ exit: "noPermission" });
  });

  it.skipIf(process.getuid?.() === 0)(
    "names owner and mode of a file that it may not read",
    async () => {
      const config = written("");
      chmodSync(config, 0o000);
      await expect(run({ config })).rejects.toMatchObject({
        exit: "noPermission",
        remedy: expect.stringMatching(/written\.toml is of user \d+ and group \d+, with mode 0000/),
      });
    },
  );
});
