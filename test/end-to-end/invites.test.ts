import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decodeInvite,
  encodeUploadBatch,
  loadCrypto,
  PATHS,
  type UploadRecord,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import {
  type Outbox,
  openOutbox,
  openTokenWallet,
  ServerClient,
  Uploader,
  UploadTokens,
} from "@glowworm/relay";
import { Server } from "@glowworm/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { glowworm, type Run } from "../../packages/cli/test/support/glowworm.ts";

const crypto = await loadCrypto();
const NOON_MS = Date.UTC(2026, 10, 20, 12);
const random = seededRandom("invites end to end");

let home: string;
let clock: FakeClock;
let server: Server;
let url: URL;
const closers: (() => void)[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "glowworm-invites-"));
  clock = new FakeClock(NOON_MS);
  await start();
});

afterEach(async () => {
  await server.stop();
  for (const close of closers.splice(0)) close();
  rmSync(home, { recursive: true });
});

async function start(): Promise<void> {
  server = new Server({
    ...{ clock, random, crypto, dataFolder: join(home, "data") },
    ...{ host: "127.0.0.1", port: 0, retentionDays: 30, admission: "invite" },
  });
  url = new URL((await server.start()).url);
}

/** A command of the operator, as a process beside the server. */
function operator(...args: readonly string[]): Promise<Run> {
  return glowworm(home, ["server", ...args, "--data", join(home, "data")]);
}

interface Seen {
  readonly url: string;
  readonly bytes: string;
}

/** A relay's uploader over real HTTP; what it sends is kept. */
function relay(
  name: string,
  invite: string | null,
): { uploader: Uploader; outbox: Outbox; seen: Seen[] } {
  const seen: Seen[] = [];
  const world = {
    ...{ clock, random: seededRandom(name), server: url },
    fetch: (to: string, init: RequestInit) => {
      const body = Buffer.from((init.body as Uint8Array | undefined) ?? []).toString("hex");
      seen.push({ url: to, bytes: `${JSON.stringify(init.headers)} ${body}` });
      return fetch(to, init);
    },
  };
  const { outbox } = openOutbox(join(home, name), world.random);
  closers.push(() => outbox.close());
  if (invite === null) return { uploader: new Uploader({ ...world, outbox }), outbox, seen };
  const wallet = openTokenWallet(join(home, name), url, world.random);
  const secret = decodeInvite(crypto, invite);
  const tokens = new UploadTokens({
    ...world,
    invite: secret,
    wallet,
    client: new ServerClient(world),
  });
  return { uploader: new Uploader({ ...world, outbox, tokens }), outbox, seen };
}

/** What comes back for an upload that begins with such a token, until the connection ends. */
function sent(token: string): Promise<string> {
  const socket = connect(Number(url.port), "127.0.0.1");
  socket.write(`POST /v1/sightings HTTP/1.1\r\nhost: x\r\nauthorization: Glowworm-Token ${token}`);
  return new Promise<string>((resolve) => {
    let text = "";
    socket.setEncoding("latin1").on("data", (part: string) => {
      text += part;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

function report(): UploadRecord {
  return { putId: random.bytes(32), envelope: new Uint8Array([1, ...random.bytes(112)]) };
}

function fill(outbox: Outbox, count: number): void {
  const now = Math.floor(clock.nowMs() / 1000);
  outbox.add(
    Array.from({ length: count }, () => ({ record: report(), notBefore: now, heardAt: now })),
  );
}

async function pass(uploader: Uploader, seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n += 10) {
    await uploader.step();
    clock.advance(10_000);
  }
}

describe("an invite-only server", () => {
  it("takes the reports of a relay that its operator invited, and of no other", async () => {
    const made = await operator("invite", "--name", "Anna, roof");
    expect(made).toMatchObject({ code: 0 });
    const guest = relay("guest", made.out);
    const stranger = relay("stranger", null);
    fill(guest.outbox, 5);
    fill(stranger.outbox, 5);
    await pass(guest.uploader, 600);
    await pass(stranger.uploader, 10);
    expect([guest.outbox.size, guest.uploader.state]).toEqual([0, "accepting"]);
    expect([stranger.outbox.size, stranger.uploader.state]).toEqual([5, "invite-needed"]);
  });

  it("is told of invites and of their end while it runs, and knows them after a restart", async () => {
    const { out } = await operator("invite", "--json", "--days", "3650");
    const { id, invite } = JSON.parse(out) as { id: string; invite: string };
    await server.stop();
    await start();
    const guest = relay("guest", invite);
    await pass(guest.uploader, 10);
    const listed = JSON.parse((await operator("invites", "--json")).out) as { invites: object[] };
    expect(listed.invites).toEqual([
      expect.objectContaining({ id, tokensPerDay: 640, issueDate: "2026-11-20" }),
    ]);
    expect((await operator("uninvite", id)).code).toBe(0);
    expect((await operator("uninvite", id)).code).toBe(4);
    clock.advance(3 * 86_400_000);
    fill(guest.outbox, 1);
    await pass(guest.uploader, 30);
    expect(guest.uploader.state).toBe("invite-refused");
  });

  it("sees nothing of issuing again when a relay uploads", async () => {
    const { out } = await operator("invite");
    const guest = relay("guest", out);
    fill(guest.outbox, 3);
    await pass(guest.uploader, 600);
    const issuing = guest.seen.filter(({ url: to }) => !to.endsWith(PATHS.sightings));
    const spending = guest.seen.filter(({ url: to }) => to.endsWith(PATHS.sightings));
    expect([issuing.length, spending.length]).toEqual([2, 1]);
    const secret = out.trim().slice("glowworm-invite-".length, -8);
    expect(issuing.some(({ bytes }) => bytes.includes(secret))).toBe(true);
    expect(spending.some(({ bytes }) => bytes.includes(secret))).toBe(false);
    const authorization = /Glowworm-Token ([\w-]+)/.exec(spending[0]?.bytes ?? "")?.[1] ?? "";
    const token = Buffer.from(authorization, "base64url").toString("hex");
    expect(token.length).toBe(202);
    for (let at = 10; at + 16 <= token.length; at += 2) {
      expect(issuing.some(({ bytes }) => bytes.includes(token.slice(at, at + 16)))).toBe(false);
    }
  });

  it("answers a token of 20 kB with 431, and survives one of a megabyte", async () => {
    expect(await sent("A".repeat(20_000))).toMatch(/^HTTP\/1\.1 431 /);
    expect(await sent("A".repeat(1_000_000))).not.toContain(" 201 ");
    const upload = await fetch(new URL(PATHS.sightings, url), {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(encodeUploadBatch([report()])),
    });
    expect(upload.status).toBe(401);
  });
});

describe("a public server", () => {
  it("has no path of invites, ignores tokens, and keeps no file of them", async () => {
    const folder = join(home, "public");
    const open = new Server({
      ...{
        clock,
        random,
        crypto,
        dataFolder: folder,
        host: "127.0.0.1",
        port: 0,
        retentionDays: 30,
      },
    });
    const base = (await open.start()).url;
    for (const path of [PATHS.tokens, PATHS.tokenKeys]) {
      expect((await fetch(base + path)).status).toBe(404);
      expect((await fetch(base + path, { method: "POST" })).status).toBe(404);
    }
    const upload = await fetch(base + PATHS.sightings, {
      method: "POST",
      headers: { "content-type": "application/octet-stream", authorization: "Glowworm-Token x" },
      body: new Uint8Array(encodeUploadBatch([report()])),
    });
    expect(upload.status).toBe(201);
    expect(await (await fetch(base + PATHS.about)).json()).toMatchObject({ admission: "public" });
    await open.stop();
    expect(readdirSync(folder)).not.toContain("admission");
  });
});

describe("an invite's file", () => {
  const RUN = ["relay", "run", "--server", "http://127.0.0.1:9", "--at", "1,2"];

  it.each([
    ["is missing", null, 0o600, 10, "there is no"],
    ["can be read by others", "x", 0o644, 12, "chmod 600"],
    ["holds something else", "hunter2\n", 0o600, 2, "glowworm server invite"],
  ])("that %s stops the relay before it listens", async (_case, text, mode, code, words) => {
    const path = join(home, "invite");
    if (text !== null) writeFileSync(path, text, { mode });
    const run = await glowworm(home, [...RUN, "--invite-file", path]);
    expect(run.code).toBe(code);
    expect(run.talk).toContain(words);
    expect(run.talk).not.toContain("hunter2");
  });
});
