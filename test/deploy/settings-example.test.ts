import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SERVER_SETTINGS } from "../../packages/cli/src/settings/server-settings.ts";
import { flagOf, variableOf } from "../../packages/cli/src/settings/setting.ts";
import { glowworm } from "../support/glowworm.ts";

const EXAMPLE = new URL("../../deploy/server.toml", import.meta.url).pathname;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glowworm-example-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Checked {
  readonly settings: readonly { readonly key: string; readonly origin: string }[];
  readonly mistakes: readonly unknown[];
}

async function check(file: string): Promise<Checked> {
  const { stdout } = await glowworm(["config", "check", "--json", "--config", file]);
  return JSON.parse(stdout) as Checked;
}

describe("the table of settings in docs/operating.md", () => {
  it("has every setting, its variable and its flag, and no other", () => {
    const text = readFileSync(new URL("../../docs/operating.md", import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| `([a-z_.]+)` +\| `(GLOWWORM_\w+)` +\| `--([a-z-]+)` /gm)];
    expect(rows.map(([, key, variable, flag]) => [key, variable, flag])).toEqual(
      Object.keys(SERVER_SETTINGS).map((key) => [key, variableOf(key), flagOf(key)]),
    );
  });
});

describe("deploy/server.toml", () => {
  it("is right as it stands, and sets nothing but the folder", async () => {
    const { settings, mistakes } = await check(EXAMPLE);
    expect(mistakes).toEqual([]);
    expect(settings.filter(({ key }) => key !== "data").map(({ origin }) => origin)).toEqual(
      settings.slice(1).map(() => "default"),
    );
  });

  it("has every setting there is, and is right with every one of them set", async () => {
    const file = join(folder, "server.toml");
    writeFileSync(join(folder, "cluster.password"), "a password\n", { mode: 0o600 });
    writeFileSync(join(folder, "cluster-ca.pem"), rootCertificates[0] ?? "");
    const all = readFileSync(EXAMPLE, "utf8").replaceAll(/^# (?=\w+ = )/gm, "");
    writeFileSync(file, all.replaceAll("/etc/glowworm/", `${folder}/`));
    const { settings, mistakes } = await check(file);
    expect(mistakes).toEqual([]);
    const set = settings.filter(({ origin }) => origin === file).map(({ key }) => key);
    expect(set).toEqual(Object.keys(SERVER_SETTINGS));
  });
});
