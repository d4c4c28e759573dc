import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Database, Failure, openDatabase } from "@glowworm/platform";
import { decodeInvite, fromHex, inviteHash } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { makeInvite, StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import {
  EmbeddedTokenStore,
  openEmbeddedTokenStore,
} from "../../src/tokens/embedded-token-store.ts";
import { openInviteBook } from "../../src/tokens/invite-book.ts";
import { SpentTokens } from "../../src/tokens/spent-tokens.ts";
import { loadTokenSecret } from "../../src/tokens/token-secret.ts";
import { crypto, temporaryFolder } from "../support/fixtures.ts";
import { describeTokenStore, ORDER } from "../support/token-store-suite.ts";

const random = seededRandom("token store");
const SPENDER = fileURLToPath(new URL("../support/spender.mjs", import.meta.url));
const [NONCE, MARK, OTHER] = [
  new Uint8Array(32).fill(1),
  new Uint8Array(16).fill(2),
  new Uint8Array(16),
];

describeTokenStore("of a data folder", async () => {
  const folder = temporaryFolder();
  return { store: openEmbeddedTokenStore(folder), invites: openInviteBook(folder) };
});

describe("spent tokens", () => {
  it("stay bound when the process is killed", () => {
    const folder = temporaryFolder();
    expect(spawnSync(process.execPath, [SPENDER, folder]).signal).toBe("SIGKILL");
    const spent = new SpentTokens(folder);
    expect([spent.bind(1, NONCE, OTHER), spent.bind(1, NONCE, MARK)]).toEqual([false, true]);
    spent.close();
  });

  it("can be spent once more, and no oftener, when a power cut takes what was not forced to the disk", () => {
    const [folder, after] = [temporaryFolder(), temporaryFolder()];
    const spent = new SpentTokens(folder);
    expect(spent.bind(1, NONCE, MARK)).toBe(true);
    // Without the log that no sync has followed: the least that a cut can leave.
    mkdirSync(join(after, "admission", "spent"), { recursive: true });
    const file = join("admission", "spent", "1.sqlite");
    copyFileSync(join(folder, file), join(after, file));
    spent.close();
    const again = new SpentTokens(after);
    expect([again.bind(1, NONCE, OTHER), again.bind(1, NONCE, MARK)]).toEqual([true, false]);
    again.close();
  });

  it("of days before are forgotten with their files, and those of the day kept", () => {
    const folder = temporaryFolder();
    const spent = new SpentTokens(folder);
    const files = (): readonly string[] => readdirSync(join(folder, "admission", "spent"));
    for (const day of [1, 2, 10]) spent.bind(day, NONCE, MARK);
    expect(files().some((name) => name.startsWith("1.sqlite"))).toBe(true);
    spent.dropBefore(2);
    expect(files().some((name) => name.startsWith("1."))).toBe(false);
    expect([2, 10].map((day) => spent.bind(day, NONCE, MARK))).toEqual([true, true]);
    spent.close();
    const later = new SpentTokens(folder);
    later.dropBefore(10);
    expect(files().filter((name) => !name.startsWith("10.sqlite"))).toEqual(["forgotten"]);
    later.close();
  });

  it("of a forgotten day take nothing any more, after a restart either; days after the last that was spent on do", () => {
    const folder = temporaryFolder();
    let spent = new SpentTokens(folder);
    spent.bind(1, NONCE, MARK);
    spent.bind(2, NONCE, MARK);
    spent.dropBefore(100_000);
    spent.dropBefore(2);
    for (let start = 0; start < 2; start++) {
      expect([1, 2].map((day) => spent.bind(day, NONCE, MARK))).toEqual([false, false]);
      spent.close();
      spent = new SpentTokens(folder);
    }
    expect(spent.bind(3, NONCE, MARK)).toBe(true);
    spent.close();
  });

  it("take nothing when the process ends while it removes the files of their day", () => {
    const folder = temporaryFolder();
    const spent = new SpentTokens(folder);
    spent.bind(1, NONCE, MARK);
    // A folder under the name of a file is what cannot be removed.
    mkdirSync(join(folder, "admission", "spent", "0.sqlite"));
    expect(() => spent.dropBefore(2)).toThrow();
    const again = new SpentTokens(folder);
    expect(again.bind(1, random.bytes(32), MARK)).toBe(false);
    again.close();
  });

  it("are an unavailable store when the disk is full, or their file is none", async () => {
    const folder = temporaryFolder();
    const small = (): Database => {
      const database = openDatabase(join(folder, "small.sqlite"));
      database.exec("CREATE TABLE spent (nonce BLOB PRIMARY KEY, mark BLOB) WITHOUT ROWID");
      database.pragma("max_page_count = 2");
      return database;
    };
    const store = new EmbeddedTokenStore(openInviteBook(folder), new SpentTokens(folder, small));
    const fill = async (): Promise<void> => {
      for (let n = 0; n < 1000; n++) await store.bind(1, random.bytes(32), MARK);
    };
    await expect(fill()).rejects.toBeInstanceOf(StoreUnavailableError);
    await store.close();
    const damaged = openEmbeddedTokenStore(folder);
    mkdirSync(join(folder, "admission", "spent"), { recursive: true });
    writeFileSync(join(folder, "admission", "spent", "1.sqlite"), "x".repeat(5000));
    await expect(damaged.bind(1, NONCE, MARK)).rejects.toThrow("1.sqlite");
    await damaged.close();
  });
});

describe("invites", () => {
  it("are kept as hashes: no byte of one is on the disk", async () => {
    const folder = temporaryFolder();
    const invites = openInviteBook(folder);
    const { text } = await makeInvite({ crypto, random, invites }, ORDER);
    const secret = decodeInvite(crypto, text);
    const files = readdirSync(join(folder, "admission")).map((name) =>
      join(folder, "admission", name),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(statSync(file).mode & 0o077).toBe(0);
      const bytes = readFileSync(file);
      expect(bytes.includes(Buffer.from(secret))).toBe(false);
      expect(bytes.includes(text.slice(16, 48))).toBe(false);
    }
    await invites.close();
  });

  it("have had their tokens of a day across restarts", async () => {
    const folder = temporaryFolder();
    const hash = new Uint8Array(32);
    const first = openInviteBook(folder);
    await first.add(hash, { name: "roof", tokensPerDay: 64, madeDay: 100, lastDay: null });
    expect(await first.take(hash, 100, 64)).toBe("granted");
    await first.close();
    const again = openInviteBook(folder);
    expect(await again.take(hash, 100, 1)).toBe("used-up");
    await again.close();
  });

  it("say what to do when their file is none", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "admission"));
    writeFileSync(join(folder, "admission", "invites.sqlite"), "x".repeat(5000));
    expect(() => openInviteBook(folder)).toThrow(Failure);
  });
});

describe("the token secret", () => {
  it("is made once, for its owner alone, and refused when it was cut", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "admission", "token.secret");
    const made: string[] = [];
    const load = (): Promise<Uint8Array> => loadTokenSecret(folder, random, (at) => made.push(at));
    const secret = await load();
    expect(await load()).toEqual(secret);
    expect(made).toEqual([path]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, fromHex("00"));
    await expect(load()).rejects.toThrow(Failure);
  });

  it("is not made anew once tokens were issued: relays would refuse the keys of days they know", async () => {
    const folder = temporaryFolder();
    const load = (): Promise<Uint8Array> => loadTokenSecret(folder, random, () => undefined);
    const invites = openInviteBook(folder);
    const { text } = await makeInvite({ crypto, random, invites }, ORDER);
    await load();
    const path = join(folder, "admission", "token.secret");
    rmSync(path);
    await load();
    await invites.take(inviteHash(crypto, decodeInvite(crypto, text)), 100, 32);
    rmSync(path);
    const { message, remedy } = await failureOf(load);
    expect(message).toMatch(/token\.secret is missing, and tokens were issued with it/);
    expect(existsSync(path)).toBe(false);
    const command = remedy.slice(remedy.indexOf("head -c"));
    execFileSync("sh", ["-c", command]);
    expect(await load()).toHaveLength(32);
    await invites.close();
  });
});

async function failureOf(call: () => Promise<unknown>): Promise<Failure> {
  try {
    await call();
  } catch (error) {
    if (error instanceof Failure) return error;
  }
  throw new Error("expected a Failure");
}
