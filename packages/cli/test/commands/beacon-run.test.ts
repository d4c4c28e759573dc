import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExitName } from "@glowworm/platform";
import { dayCardOf, deriveDayKeys, encodeCardFile, loadCrypto } from "@glowworm/protocol";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { OptionValues } from "../../src/command.ts";
import { beaconRunCommand } from "../../src/commands/beacon-run.ts";

const crypto = await loadCrypto();
const DEVICE_KEY = new Uint8Array(32).fill(9);
let folder = "";
let said: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

it("says that it has no cards", async () => {
  await expect(run({})).rejects.toMatchObject({ exit: "keyMissing" });
});

it("names a card file that is not there", async () => {
  await expect(run({ cards: join(folder, "nothing") })).rejects.toMatchObject({ exit: "usage" });
});

it("says that a card file cannot be read", async () => {
  await expect(run({ cards: folder })).rejects.toMatchObject({
    exit: "usage",
    message: expect.stringContaining("EISDIR"),
  });
});

it("takes no stray words", async () => {
  await expect(run({}, ["laptop.cards"])).rejects.toMatchObject({ exit: "usage" });
});

it("imports cards, says to delete the original, and needs an adapter to go on", async () => {
  const file = join(folder, "my laptop.cards");
  const cards = [dayCardOf(crypto, deriveDayKeys(crypto, DEVICE_KEY, 20_000))];
  writeFileSync(file, encodeCardFile(crypto, { createdAt: 20_000 * 86_400, cards }));
  await expect(run({ cards: file })).rejects.toMatchObject({ exit: "noBluetooth" });
  expect(existsSync(join(folder, "glowworm", "beacon", "cards"))).toBe(true);
  expect(said.join("\n")).toContain(`shred -u '${file}'`);
});

function run(values: OptionValues, positionals: readonly string[] = []): Promise<ExitName> {
  return beaconRunCommand.run({
    values: { adapter: `h4:${join(folder, "no-socket")}`, ...values },
    positionals,
    env: { XDG_STATE_HOME: folder },
    signal: AbortSignal.abort(),
    out: () => {},
    say: (line) => said.push(line),
  });
}
