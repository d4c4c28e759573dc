import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { needs } from "../support/needs.ts";
import { canMount, SmallDisk } from "./support/small-disk.ts";

const PROGRAM = new URL("../../packages/cli/bin/glowworm.js", import.meta.url).pathname;
/** Leaves room for the beginning of a card file, on a disk of one megabyte. */
const NEARLY_FULL =
  'cd "$1" && head -c 1000000 /dev/zero > rest; shift; "$@"; code=$?; ls; exit $code';

const isMissing = needs("unshare", "nsenter").skip || !canMount();
if (isMissing) process.stderr.write("skipped: a disk that is full needs user namespaces\n");

it.skipIf(isMissing)(
  "cards that a full disk cuts off are removed, and take no number",
  async () => {
    const home = mkdtempSync(join(tmpdir(), "glowworm-cards-"));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const small = join(home, "small");
    mkdirSync(small);
    const disk = await SmallDisk.mount(small, 1);
    onTestFinished(() => disk.unmount());
    const env = { PATH: process.env["PATH"] ?? "", XDG_CONFIG_HOME: home };
    const program = [process.execPath, PROGRAM];
    spawnSync(process.execPath, [PROGRAM, "init", "--no-passphrase"], { env });
    const [enter = "", ...under] = disk.under;
    const add = [
      ...under,
      "sh",
      "-c",
      NEARLY_FULL,
      "sh",
      small,
      ...program,
      "device",
      "add",
      "laptop",
    ];
    const { status, stdout, stderr } = spawnSync(enter, add, { env, encoding: "utf8" });
    expect(stderr).toMatch(/laptop\.cards: the disk is full \(ENOSPC\)\n/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "rest\n" });
    const registry = JSON.parse(readFileSync(join(home, "glowworm", "devices.json"), "utf8"));
    expect(registry).toMatchObject({ nextNumber: 1, devices: [] });
  },
);
