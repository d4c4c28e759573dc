import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  advanceSeed,
  CARD_DAYS,
  dayOf,
  decodeCardFile,
  epochOf,
  epochPublicKey,
  getIdOf,
  loadCrypto,
  minuteInEpoch,
  minuteToken,
  putIdOf,
  type StoredRecord,
  sealSighting,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeServer } from "../../owner/test/support/fake-server.ts";
import { sightingOf } from "../../owner/test/support/reports.ts";
import { glowworm, serve } from "./support/glowworm.ts";

const crypto = await loadCrypto();
const random = seededRandom("owner commands");
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const keyPath = (): string => join(home, "config", "glowworm", "owner.key");
const WORDS = /^(?:[a-z]+ ){5}[a-z]+$/;

/** What a relay beside the beacon reports, made from the card file alone. */
function reportFrom(cardFile: string, now: number, relay: number): StoredRecord {
  const { day, epoch } = epochOf(now);
  const { cards } = decodeCardFile(crypto, new Uint8Array(readFileSync(cardFile)));
  const card = cards.find((candidate) => candidate.day === day);
  if (card === undefined) throw new Error("expected a card for today");
  const seed = advanceSeed(crypto, card.seed, 0, epoch);
  const publicKey = epochPublicKey(crypto, seed, card.publicKey);
  const token = minuteToken(crypto, seed, minuteInEpoch(now));
  const sighting = sightingOf({ seenAt: now, relay }, token);
  return {
    getId: getIdOf(crypto, putIdOf(crypto, publicKey)),
    envelope: sealSighting(crypto, random.bytes(32), publicKey, sighting),
    arrivalStep: Math.floor(now / 600),
  };
}

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

  it("chooses another server later and leaves the key alone", async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    const before = readFileSync(keyPath());
    expect(await glowworm(home, ["init", "--server", "https://glow.test"])).toMatchObject({
      code: 0,
    });
    expect(await glowworm(home, ["init", "--server", "glow.test"])).toMatchObject({ code: 2 });
    expect(readFileSync(keyPath())).toEqual(before);
  });

  it("refuses a new key while devices of another are registered", async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    await glowworm(home, ["device", "add", "laptop"]);
    rmSync(keyPath());
    expect(await glowworm(home, ["init", "--no-passphrase"])).toMatchObject({ code: 2 });
  });
});

describe("glowworm device add", () => {
  it("writes ten years of cards that only the owner of the folder can read", async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    const { code, out, talk } = await glowworm(home, ["device", "add", "laptop"]);
    expect({ code, out }).toEqual({ code: 0, out: "laptop.cards\n" });
    expect(talk).toContain("glowworm beacon run --cards laptop.cards");
    const path = join(home, "laptop.cards");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { cards } = decodeCardFile(crypto, new Uint8Array(readFileSync(path)));
    expect(cards).toHaveLength(CARD_DAYS);
    expect(Math.abs((cards[0]?.day ?? 0) - dayOf(Date.now() / 1000))).toBeLessThanOrEqual(1);
  });

  it("overwrites no file and registers nothing then", async () => {
    await glowworm(home, ["init", "--no-passphrase"]);
    writeFileSync(join(home, "laptop.cards"), "mine");
    expect(await glowworm(home, ["device", "add", "laptop"])).toMatchObject({ code: 2 });
    expect(readFileSync(join(home, "laptop.cards"), "utf8")).toBe("mine");
    expect(await glowworm(home, ["find", "laptop"])).toMatchObject({ code: 2 });
  });

  it.each([[[]], [["a", "b"]], [["../laptop"]]])("refuses %j for a name", async (names) => {
    await glowworm(home, ["init", "--no-passphrase"]);
    expect(await glowworm(home, ["device", "add", ...names])).toMatchObject({ code: 2 });
  });

  it("says that there is no key yet", async () => {
    expect(await glowworm(home, ["device", "add", "laptop"])).toMatchObject({ code: 10, out: "" });
  });
});

describe("glowworm find and history", () => {
  const LAST_HOUR = Math.floor(Date.now() / 3_600_000) - 1;

  /** An owner with one device, and a server with one hour of its reports after one without. */
  async function ownerWithReports(relays: number) {
    const server = new FakeServer(crypto, seededRandom("cli server"));
    const { url, stop } = await serve(server);
    const { out } = await glowworm(home, ["init", "--no-passphrase", "--server", url]);
    await glowworm(home, ["device", "add", "Laptop"]);
    const cards = join(home, "Laptop.cards");
    const now = Math.floor(Date.now() / 1000);
    server.closeHour(LAST_HOUR - 1, []);
    server.closeHour(
      LAST_HOUR,
      Array.from({ length: relays }, (_, relay) => reportFrom(cards, now, relay)),
    );
    return { server, url, stop, words: out };
  }

  it("print the place for a person, for programs and for maps", async () => {
    await ownerWithReports(3);
    const text = await glowworm(home, ["find", "laptop"]);
    expect(text).toMatchObject({ code: 0, talk: "" });
    expect(text.out).toMatch(/^Laptop: 52\.52\d*, 13\.40\d*, within \d+ m\n/);
    expect(text.out).toMatch(/3 relays agree; on time\ngeo:52\.52\d*,13\.40\d*;u=\d+\n$/);
    const json = JSON.parse((await glowworm(home, ["find", "laptop", "--json"])).out);
    expect(json).toMatchObject({
      v: 1,
      device: "Laptop",
      place: { lat: 52.52, lon: 13.405, relays: 3 },
    });
    const map = JSON.parse(
      (await glowworm(home, ["history", "laptop", "--format", "geojson"])).out,
    );
    expect(map.features[0].geometry).toEqual({ type: "Point", coordinates: [13.405, 52.52] });
    expect(await glowworm(home, ["find", "laptop", "--format", "kml"])).toMatchObject({ code: 2 });
  });

  it("find with a key that was brought back from its words on another computer", async () => {
    const { url, words } = await ownerWithReports(1);
    const second = join(home, "second");
    const moved = { XDG_CONFIG_HOME: second };
    const init = ["init", "--restore", "--no-passphrase", "--server", url];
    expect(await glowworm(home, init, words, moved)).toMatchObject({ code: 0, out: "" });
    const add = ["device", "add", "old", "--number", "1"];
    expect(await glowworm(home, add, "", moved)).toMatchObject({ code: 0, out: "" });
    const found = await glowworm(home, ["find", "old", "--json"], "", moved);
    expect(JSON.parse(found.out)).toMatchObject({ found: true, warnings: ["one-report"] });
  });

  it("say when a part could not be read, and still give the answer", async () => {
    const { server } = await ownerWithReports(2);
    const page = `/v1/hours/${LAST_HOUR - 1}/pages/0`;
    server.lies.set(page, () => new Response(null, { status: 500 }));
    const { code, out, talk } = await glowworm(home, ["find", "laptop"]);
    expect(code).toBe(3);
    expect(out).toContain("2 relays agree");
    expect(talk).toContain(`hour ${LAST_HOUR - 1}: HTTP 500`);
  });

  it("answer from this disk when the server is gone, and say so", async () => {
    const { stop } = await ownerWithReports(2);
    const before = await glowworm(home, ["find", "laptop", "--json"]);
    stop();
    const { code, out } = await glowworm(home, ["find", "laptop", "--json"]);
    expect(code).toBe(13);
    expect(JSON.parse(out)).toMatchObject({
      place: JSON.parse(before.out).place,
      warnings: ["server-not-reached"],
    });
  });

  it("explain why there may be nothing", async () => {
    const { server } = await ownerWithReports(0);
    const { code, out, talk } = await glowworm(home, ["find", "laptop"]);
    expect({ code, out }).toEqual({ code: 4, out: "" });
    expect(talk).toContain("512 records");
    expect(talk).toMatch(/1\. no relay has been near it/);
    expect(server.requests).toHaveLength(1 + 2 * 2);
  });
});
