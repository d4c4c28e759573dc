import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { glowworm, glowwormOf, type Run } from "./support/glowworm.ts";

const RELAY = ["relay", "run", "--server", "http://127.0.0.1:9", "--at", "52,4"];
/** Root may do everything: what it runs for these tests runs as nobody. */
const NOBODY = process.getuid?.() === 0 ? 65_534 : undefined;

let home: string;
let config: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
  config = join(home, "config", "glowworm");
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function said({ talk }: Run): string {
  expect(talk).not.toContain("unexpected error");
  return talk;
}

describe("a folder where a file must be", () => {
  it("is named with the variable of the passphrase", async () => {
    const run = await glowworm(home, ["init"], "", { GLOWWORM_PASSPHRASE_FILE: home });
    expect(run.code).toBe(2);
    expect(said(run)).toContain(`GLOWWORM_PASSPHRASE_FILE: ${home}: a folder`);
  });

  it.each(["owner.key", "devices.json"])("is named when it is %s", async (name) => {
    await glowworm(home, ["init", "--no-passphrase"]);
    rmSync(join(config, name));
    mkdirSync(join(config, name));
    const run = await glowworm(home, ["device", "add", "laptop"]);
    expect(run.code).toBe(2);
    expect(said(run)).toContain(`${join(config, name)}: a folder`);
  });

  it("is named with --invite-file", async () => {
    const run = await glowworm(home, [...RELAY, "--state", home, "--invite-file", home]);
    expect(run.code).toBe(2);
    expect(said(run)).toContain(`--invite-file: ${home}: a folder`);
  });
});

describe("a file where a folder must be", () => {
  it.each([
    ["init", "--no-passphrase"],
    ["find", "laptop"],
  ])("is named by %s %s", async (...words) => {
    writeFileSync(join(home, "config"), "");
    const run = await glowworm(home, words);
    expect(run.code).toBe(2);
    expect(said(run)).toContain(`${config}`);
  });

  it.each([[["beacon", "run"]], [RELAY]])("is named with --state: %j", async (words) => {
    writeFileSync(join(home, "state"), "");
    for (const state of [join(home, "state"), ""]) {
      const run = await glowworm(home, [...words, "--state", state]);
      expect(run.code).toBe(2);
      expect(said(run)).toContain("--state: ");
    }
  });
});

it("says that there is no home folder", async () => {
  const env = { HOME: "", XDG_CONFIG_HOME: "" };
  const run = await glowworm(home, ["find", "laptop"], "", env);
  expect(run.code).toBe(2);
  expect(said(run)).toContain("set HOME");
});

describe("a right that is missing", () => {
  beforeEach(async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    if (NOBODY === undefined) return;
    for (const path of [home, join(home, "config"), config]) chownSync(path, NOBODY, NOBODY);
    for (const name of ["owner.key", "devices.json"]) chownSync(join(config, name), NOBODY, NOBODY);
  });
  afterEach(() => {
    for (const path of [home, config]) chmodSync(path, 0o700);
  });

  const asNobody = (...words: readonly string[]): Promise<Run> => glowwormOf(NOBODY, home, words);

  it("to write here takes no number", async () => {
    chmodSync(home, 0o500);
    for (let tries = 0; tries < 2; tries++) {
      const run = await asNobody("device", "add", "laptop");
      expect(run.code).toBe(12);
      expect(said(run)).toContain("laptop.cards: this user may not use it (EACCES)");
    }
    const registry = JSON.parse(readFileSync(join(config, "devices.json"), "utf8"));
    expect(registry).toMatchObject({ nextNumber: 1, devices: [] });
  });

  it("to the folder of the key is named", async () => {
    chmodSync(config, 0o500);
    expect(await asNobody("device", "add", "laptop")).toMatchObject({ code: 12 });
    chmodSync(config, 0o000);
    for (const words of [
      ["find", "laptop"],
      ["init", "--no-passphrase"],
    ]) {
      const run = await asNobody(...words);
      expect(run.code).toBe(12);
      expect(said(run)).toContain(config);
    }
  });

  it.runIf(NOBODY !== undefined).each([
    [0o440, 2],
    [0o444, 12],
  ])("is had for what root hands over with mode %o: exit %i", async (mode, code) => {
    const invite = join(home, "invite");
    writeFileSync(invite, "not an invite");
    chownSync(invite, 0, NOBODY ?? 0);
    chmodSync(invite, mode);
    const state = ["--state", join(home, "state")];
    expect(await asNobody(...RELAY, ...state, "--invite-file", invite)).toMatchObject({ code });
  });

  it("to the key is named", async () => {
    chmodSync(join(config, "owner.key"), 0o000);
    const run = await asNobody("device", "add", "laptop");
    expect(run.code).toBe(12);
    expect(said(run)).toContain("owner.key");
  });

  it("to an invite, or to a state folder, is named with its option", async () => {
    const [state, closed] = [join(home, "state"), join(home, "closed")];
    writeFileSync(closed, "", { mode: 0o000 });
    mkdirSync(state, { mode: 0o500 });
    if (NOBODY !== undefined) chownSync(state, NOBODY, NOBODY);
    for (const words of [["beacon", "run"], RELAY]) {
      const run = await asNobody(...words, "--state", state);
      expect(run.code).toBe(12);
      expect(said(run)).toContain(`--state: ${state}`);
    }
    chmodSync(state, 0o700);
    const run = await asNobody(...RELAY, "--state", state, "--invite-file", closed);
    expect(run.code).toBe(12);
    expect(said(run)).toContain(`--invite-file: ${closed}`);
  });
});
