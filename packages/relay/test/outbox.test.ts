import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure, openDatabase } from "@glowworm/platform";
import { HOUR_SECONDS, REPORT_MAX_AGE_SECONDS } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Outbox, openOutbox } from "../src/index.ts";
import type { SealedReport } from "../src/outbox.ts";

/** A full hour. */
const NOW = 1_800_000_000;
const WRITER = fileURLToPath(new URL("./support/outbox-writer.mjs", import.meta.url));

let folder: string;
let opened: Outbox[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-outbox-"));
  opened = [];
});

afterEach(() => {
  for (const outbox of opened) outbox.close();
  rmSync(folder, { recursive: true });
});

function open(limit?: number) {
  const result = openOutbox(folder, seededRandom("outbox"), limit);
  opened.push(result.outbox);
  return result;
}

function report(n: number, change: Partial<SealedReport> = {}): SealedReport {
  const putId = new Uint8Array(32);
  new DataView(putId.buffer).setUint32(0, n);
  const record = { putId, envelope: new Uint8Array(113).fill(n & 0xff) };
  return { record, notBefore: NOW, heardAt: NOW, ...change };
}

function numbers(outbox: Outbox, now = NOW, limit = 100_000): readonly number[] {
  return outbox
    .due(now, limit)
    .map(({ record }) => Buffer.from(record.putId).readUInt32BE())
    .sort((a, b) => a - b);
}

describe("the outbox", () => {
  it("gives back what was added, byte for byte, also after it was opened again", () => {
    const { outbox } = open();
    outbox.add([report(7)]);
    outbox.close();
    const again = open().outbox;
    expect(again.size).toBe(1);
    const [waiting] = again.due(NOW, 1);
    expect(new Uint8Array(waiting?.record.putId ?? [])).toEqual(report(7).record.putId);
    expect(new Uint8Array(waiting?.record.envelope ?? [])).toEqual(report(7).record.envelope);
  });

  it("holds a report back until its time", () => {
    const { outbox } = open();
    outbox.add([report(1, { notBefore: NOW + 300 })]);
    expect(numbers(outbox, NOW + 299)).toEqual([]);
    expect(numbers(outbox, NOW + 300)).toEqual([1]);
  });

  it("does not hold a report back for ever when the clock was set back", () => {
    const { outbox } = open();
    outbox.add([report(1, { notBefore: NOW })]);
    expect(numbers(outbox, NOW - 86_400)).toEqual([1]);
  });

  it("gives no more than asked for, and not in the order of adding", () => {
    const { outbox } = open();
    outbox.add(Array.from({ length: 100 }, (_, n) => report(n)));
    const order = outbox.due(NOW, 64).map(({ record }) => record.putId[3]);
    expect(order.length).toBe(64);
    expect(order).not.toEqual([...order].sort((a = 0, b = 0) => a - b));
  });

  it("removes what it is told to and nothing else", () => {
    const { outbox } = open();
    outbox.add([report(1), report(2), report(3)]);
    const two = outbox.due(NOW, 3).filter(({ record }) => record.putId[3] === 2);
    outbox.remove(two.map(({ key }) => key));
    outbox.remove(two.map(({ key }) => key));
    expect(numbers(outbox)).toEqual([1, 3]);
    expect(outbox.size).toBe(2);
  });

  it("drops the oldest beyond its limit, and counts them", () => {
    const { outbox } = open(10);
    for (let n = 0; n < 25; n++) outbox.add([report(n, { notBefore: NOW + n })]);
    expect(numbers(outbox, NOW + 25)).toEqual([15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
    expect(outbox.size).toBe(10);
    expect(outbox.droppedFull).toBe(15);
  });

  it("keeps a report for its seven days, less an hour at most, and counts what it drops", () => {
    const { outbox } = open();
    outbox.add([report(1, { heardAt: NOW + 1 }), report(2, { heardAt: NOW + HOUR_SECONDS })]);
    const end = NOW + REPORT_MAX_AGE_SECONDS;
    outbox.dropExpired(end - 1);
    expect(outbox.size).toBe(2);
    outbox.dropExpired(end + 1);
    expect(numbers(outbox)).toEqual([2]);
    expect(outbox.droppedExpired).toBe(1);
  });

  it("keeps its folder and files from others", () => {
    const inner = join(folder, "state");
    const { outbox } = openOutbox(inner, seededRandom(1));
    opened.push(outbox);
    outbox.add([report(1)]);
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    for (const file of ["outbox.sqlite", "outbox.sqlite-wal"]) {
      expect(statSync(join(inner, file)).mode & 0o777).toBe(0o600);
    }
  });

  it("is one relay's at a time", () => {
    open().outbox.add([report(1)]);
    expect(() => open()).toThrow(Failure);
  });
});

describe("a damaged file", () => {
  it.each([
    [
      "garbage",
      (path: string) => writeFileSync(path, "not a database, but long enough".repeat(99)),
    ],
    ["a torn page", tearPage],
    ["a table of another program", makeForeign],
    ["a table of a later version", makeLater],
  ])("is set aside and named: %s", (_case, damage) => {
    const path = join(folder, "outbox.sqlite");
    damage(path);
    const before = readFileSync(path);
    const { outbox, setAside } = open();
    expect(setAside).toBe(`${path}.damaged`);
    expect(readFileSync(`${path}.damaged`)).toEqual(before);
    outbox.add([report(5)]);
    expect(numbers(outbox)).toEqual([5]);
  });

  it("is no reason to set a sound one aside", () => {
    open().outbox.close();
    expect(open().setAside).toBeNull();
  });
});

function tearPage(path: string): void {
  const { outbox } = open();
  outbox.add(Array.from({ length: 500 }, (_, n) => report(n)));
  outbox.close();
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 8192, 12_288);
  writeFileSync(path, bytes);
}

function makeForeign(path: string): void {
  const database = openDatabase(path);
  database.exec("CREATE TABLE report (text TEXT)");
  database.close();
}

function makeLater(path: string): void {
  const database = openDatabase(path);
  database.pragma("user_version = 2");
  database.close();
}

it("leaves what the file system refuses as it is, for who knows the option", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const refused = expect.objectContaining({ code: "ENOTDIR", path: join(file, "state") });
  expect(() => openOutbox(join(file, "state"), seededRandom(1))).toThrow(refused);
});

describe("kill -9", () => {
  it("loses nothing that add returned for", async () => {
    for (let round = 0; round < 5; round++) {
      const state = join(folder, `round${round}`);
      const acknowledged = await killedAfter(state, 20 + round * 37);
      const { outbox } = openOutbox(state, seededRandom(round));
      opened.push(outbox);
      const found = numbers(outbox);
      // The last one may have been on disk without its number having been printed.
      expect(found.slice(0, acknowledged.length)).toEqual(acknowledged);
      expect(found.length - acknowledged.length).toBeLessThanOrEqual(1);
    }
  });
});

/** Runs a writer, kills it once it has acknowledged `count` reports; the numbers it acknowledged in the end. */
async function killedAfter(state: string, count: number): Promise<readonly number[]> {
  const child: ChildProcess = spawn(process.execPath, [WRITER, state, String(NOW)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
    if (printed.split("\n").length > count) child.kill("SIGKILL");
  });
  const signal = await new Promise((resolve) => child.on("close", (_code, name) => resolve(name)));
  expect(signal).toBe("SIGKILL");
  const lines = printed.slice(0, printed.lastIndexOf("\n")).split("\n");
  return lines.map(Number);
}
