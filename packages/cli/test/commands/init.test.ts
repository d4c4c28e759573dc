import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { glowworm } from "../support/glowworm.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const keyPath = (): string => join(home, "config", "glowworm", "owner.key");
const WORDS = /^(?:[a-z]+ ){5}[a-z]+$/;

describe("glowworm init", () => {
  it("makes a private key and prints 24 words, once", async () => {
    const { code, out } = await glowworm(home, ["init", "--no-passphrase"]);
    expect(code).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line).toMatch(WORDS);
    expect(statSync(keyPath()).mode & 0o777).toBe(0o600);
    const again = await glowworm(home, ["init", "--no-passphrase"]);
    expect(again).toMatchObject({ code: 2, out: "" });
  });

  it("neither hangs nor makes anything without a terminal, a file or an explicit no", async () => {
    const { code, talk } = await glowworm(home, ["init"]);
    expect(code).toBe(2);
    expect(talk).toContain("--no-passphrase");
    expect(existsSync(keyPath())).toBe(false);
  });

  it("takes the passphrase from a file, and find wants the same one", async () => {
    writeFileSync(join(home, "right"), "correct horse\n");
    writeFileSync(join(home, "wrong"), "battery staple\n");
    const right = { GLOWWORM_PASSPHRASE_FILE: join(home, "right") };
    const wrong = { GLOWWORM_PASSPHRASE_FILE: join(home, "wrong") };
    expect(await glowworm(home, ["init"], "", right)).toMatchObject({ code: 0 });
    expect(await glowworm(home, ["device", "add", "laptop"], "", wrong)).toMatchObject({
      code: 14,
    });
    expect(await glowworm(home, ["device", "add", "laptop"])).toMatchObject({ code: 2 });
    expect(await glowworm(home, ["device", "add", "laptop"], "", right)).toMatchObject({ code: 0 });
  });

  it("says how to choose a server, unless one was given", async () => {
    const choice = "glowworm init --server URL";
    const { talk } = await glowworm(home, ["init", "--no-passphrase"]);
    expect(talk).toContain(choice);
    rmSync(keyPath());
    const given = ["init", "--no-passphrase", "--server", "https://glow.test"];
    expect((await glowworm(home, given)).talk).not.toContain(choice);
  });

  it("chooses another server later and leaves the key alone", async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    const before = readFileSync(keyPath());
    expect(await glowworm(home, ["init", "--server", "https://glow.test"])).toMatchObject({
      code: 0,
    });
    expect(await glowworm(home, ["init", "--server", "glow.test"])).toMatchObject({ code: 2 });
    expect(readFileSync(keyPath())).toEqual(before);
  });

  it("says that a key must be moved away before another is restored", async () => {
    const { out } = await glowworm(home, ["init", "--no-passphrase"]);
    const again = await glowworm(home, ["init", "--restore", "--no-passphrase"], out);
    expect(again).toMatchObject({ code: 2, out: "" });
    expect(again.talk).toContain("move it away");
  });

  it("refuses a new key while devices of another are registered", async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    await glowworm(home, ["device", "add", "laptop"]);
    rmSync(keyPath());
    expect(await glowworm(home, ["init", "--no-passphrase"])).toMatchObject({ code: 2 });
  });

  it("takes no stray words, which may be a forgotten --server", async () => {
    const init = ["init", "--no-passphrase", "https://glow.test"];
    expect(await glowworm(home, init)).toMatchObject({ code: 2, out: "" });
    expect(existsSync(keyPath())).toBe(false);
  });
});
