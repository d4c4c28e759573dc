import { join } from "node:path";
import {
  arrivalStepOf,
  concat,
  decodeManifest,
  equalBytes,
  getIdOf,
  hourOf,
  loadCrypto,
  PAGE_BYTES,
  PAGE_RECORDS,
  PATHS,
  toHex,
} from "@glowworm/protocol";
import { isNonResolvable, OPCODE } from "@glowworm/radio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HEADER_BYTES, snippetsOf } from "../support/heard.ts";
import {
  airedNeedles,
  EPOCHS,
  type Leavings,
  leavingsOf,
  START_MS,
  sightingNeedles,
  type Victim,
  visitorNeedles,
} from "../support/leavings.ts";
import { Network } from "../support/network.ts";
import { filesIn, findAll, type Remains } from "../support/remains.ts";
import { countOpened, idsFrom, secretsIn } from "../support/thief.ts";

const CLOSED_HOUR = hourOf(START_MS / 1000);
const crypto = await loadCrypto();

let network: Network;
let leavings: Leavings;
/** The laptop that a thief has, and every file on it. */
let victim: Victim;
let loot: Remains;

beforeAll(async () => {
  network = await Network.open(START_MS, "privacy");
  leavings = await leavingsOf(network);
  [victim] = leavings.victims;
  loot = filesIn(victim.laptop.folder);
}, 120_000);

afterAll(() => network.close());

describe("who listens to the radio", () => {
  it("hears nothing twice across epochs and laptops but the header", () => {
    const generations = leavings.victims.flatMap(({ heard }) => heard);
    expect(generations).toHaveLength(EPOCHS * leavings.victims.length);
    const snippets = generations.map(snippetsOf);
    for (const [index, one] of snippets.entries()) {
      for (const other of snippets.slice(index + 1)) {
        expect([...one].filter((snippet) => other.has(snippet))).toEqual([]);
      }
    }
  });

  it("finds no byte that stays the same, at any place", () => {
    const generations = leavings.victims.flatMap(({ heard }) => heard);
    for (const kind of [0, 1, 2]) {
      const samples = generations.map(({ pdus, frames }) => {
        const pdu = pdus[frames.findIndex((frame) => frame.kind === kind)];
        if (pdu === undefined) throw new Error(`no frame of kind ${kind}`);
        return concat(pdu.data, pdu.address);
      });
      const [first = new Uint8Array()] = samples;
      const constant = [...first.keys()].filter((at) =>
        samples.every((sample) => sample[at] === first[at]),
      );
      expect(constant).toEqual([0, 1, 2, 3, HEADER_BYTES - 1]);
    }
  });

  it("hears only what cannot be connected to, asked or traced", () => {
    const radios = leavings.victims.map(({ laptop }) => laptop.radio);
    for (const pdu of network.air.pdus) {
      expect(radios.includes(pdu.from)).toBe(true);
      expect(pdu.type).toBe(3);
      expect(pdu.isRandomAddress && isNonResolvable(pdu.address)).toBe(true);
    }
  });

  it("hears nothing of relays: they were only ever told to listen", () => {
    const advertising: readonly number[] = [
      OPCODE.leSetAdvertisingParameters,
      OPCODE.leSetAdvertisingData,
      OPCODE.leSetAdvertiseEnable,
    ];
    const known: readonly number[] = Object.values(OPCODE);
    for (const { radio } of leavings.relays) {
      const opcodes = radio.commands.map(({ opcode }) => opcode);
      expect(opcodes.filter((opcode) => advertising.includes(opcode))).toEqual([]);
      // What is not in our own list could be anything: a connection, for one.
      expect(opcodes.filter((opcode) => !known.includes(opcode))).toEqual([]);
      const scans = radio.commands.filter(({ opcode }) => opcode === OPCODE.leSetScanParameters);
      expect(scans.length).toBeGreaterThan(0);
      for (const { parameters } of scans) expect([parameters[0], parameters[5]]).toEqual([0, 1]);
    }
  });
});

describe("who has the server's disk, or reads its answers", () => {
  it("finds the ids and envelopes there", () => {
    const reports = new Map(
      network.acknowledged.flatMap(({ putId, envelope }, index) => [
        [`get_id ${index}`, getIdOf(crypto, putId)],
        [`envelope ${index}`, envelope],
      ]),
    );
    const answers = new Map([
      ["answers", Buffer.concat(leavings.published.answers.map(({ body }) => body))],
    ]);
    expect(network.acknowledged.length).toBeGreaterThanOrEqual(EPOCHS * leavings.victims.length);
    const everywhere = new Map([
      ["disk", Buffer.concat([...leavings.serverLate.values()])],
      ...answers,
    ]);
    expect(findAll(everywhere, reports)).toHaveLength(2 * reports.size);
  });

  it("finds no key, no put_id, nothing of a sighting, and nobody's address", () => {
    const needles = new Map([
      ...airedNeedles(leavings),
      ...sightingNeedles(leavings),
      ...visitorNeedles(),
    ]);
    expect(needles.size).toBeGreaterThan(100);
    expect(findAll(leavings.serverEarly, needles)).toEqual([]);
    expect(findAll(leavings.serverLate, needles)).toEqual([]);
    const answers = leavings.published.answers.flatMap(
      ({ path, headers, body }): [string, Buffer][] => [
        [path, Buffer.from(body)],
        [`headers of ${path}`, Buffer.from(headers)],
      ],
    );
    expect(findAll(new Map(answers), needles)).toEqual([]);
  });

  it("finds of a closed hour the published pages and no other byte", () => {
    const names = [...leavings.serverLate.keys()];
    expect(names.filter((name) => name.includes(String(CLOSED_HOUR)))).toEqual([
      join("hours", `${CLOSED_HOUR}.hour`),
    ]);
    const file = leavings.serverLate.get(join("hours", `${CLOSED_HOUR}.hour`)) ?? Buffer.alloc(0);
    const manifest = bodyOf(PATHS.manifest(CLOSED_HOUR));
    const pages = decodeManifest(manifest).pages.map((_, page) => {
      return bodyOf(PATHS.page(CLOSED_HOUR, page));
    });
    for (const page of pages) expect(page).toHaveLength(PAGE_BYTES);
    const served = concat(manifest, ...pages);
    expect(toHex(file.subarray(0, served.length))).toBe(toHex(served));
    // The last bytes are the footer: hash of the manifest, hour, sizes, format, checksum.
    expect(file).toHaveLength(served.length + 61);
  });

  it("reads the arrival of a report in steps of ten minutes, among padding that looks the same", () => {
    const steps = new Set(leavings.published.closed.map(({ arrivalStep }) => arrivalStep));
    const first = arrivalStepOf(CLOSED_HOUR * 3600);
    for (const step of steps) expect(step - first).toBeGreaterThanOrEqual(0);
    for (const step of steps) expect(step - first).toBeLessThan(6);
    expect(leavings.published.closed).toHaveLength(PAGE_RECORDS);
    const real = new Set(network.acknowledged.map(({ envelope }) => toHex(envelope)));
    const reports = leavings.published.closed.filter(({ envelope }) => real.has(toHex(envelope)));
    expect(reports.length).toBeGreaterThan(0);
    // All of them came in the last ten minutes of the hour, which is all that is left to be seen.
    for (const { arrivalStep } of reports) expect(arrivalStep - first).toBe(5);
  });

  it("cannot put anything under an id that it has read", () => {
    const all = [...leavings.published.closed, ...leavings.published.open];
    const envelope = toHex(leavings.forged.envelope);
    const stored = all.filter((record) => toHex(record.envelope) === envelope);
    expect(stored).toHaveLength(1);
    expect(stored.filter(({ getId }) => equalBytes(getId, leavings.forged.getId))).toEqual([]);
  });
});

describe("a thief with every file of the laptop", () => {
  it("recomputes the id that is on the air, and none from before it", () => {
    const { epochs, onAir, dayPublicKey } = victim;
    const ids = idsFrom(crypto, secretsIn(loot), [dayPublicKey]);
    const own = epochs.filter(({ getId }) => ids.has(toHex(getId)));
    expect(own.map(({ index }) => index)).toEqual([onAir.index]);
    const { closed, open } = leavings.published;
    const others = [...closed, ...open].filter(({ getId }) => {
      return ids.has(toHex(getId)) && !equalBytes(getId, onAir.getId);
    });
    expect(others).toEqual([]);
  });

  it("opens no report, not even of the epoch that is on the air", () => {
    const { epochs, onAir, dayPrivateKey } = victim;
    const reports = network.acknowledged.flatMap(({ putId, envelope }) => {
      const epoch = epochs.find((one) => equalBytes(one.putId, putId));
      return epoch === undefined ? [] : [{ publicKey: epoch.publicKey, envelope }];
    });
    const current = reports.filter(({ publicKey }) => equalBytes(publicKey, onAir.publicKey));
    expect(current.length).toBeGreaterThan(0);
    expect(reports.length).toBeGreaterThan(current.length);
    expect(countOpened(crypto, secretsIn(loot), [onAir.blinding], reports)).toBe(0);
    // With the one secret that only the owner has, the same attack opens what is on the air.
    expect(countOpened(crypto, [dayPrivateKey], [onAir.blinding], reports)).toBe(current.length);
  });

  it("finds no secret of an earlier epoch, of the day, or of the owner", () => {
    const { epochs, onAir, laptop, deviceKey, dayPrivateKey, daySeed } = victim;
    const { ownerKey } = laptop;
    const needles = new Map(Object.entries({ ownerKey, deviceKey, dayPrivateKey, daySeed }));
    for (const { index, seed, blinding, privateKey, publicKey } of epochs.slice(0, -1)) {
      needles.set(`seed ${index}`, seed);
      needles.set(`blinding ${index}`, blinding);
      needles.set(`private key ${index}`, privateKey);
      needles.set(`public key ${index}`, publicKey);
    }
    expect(findAll(loot, needles)).toEqual([]);
    expect(findAll(loot, new Map([["seed on the air", onAir.seed]]))).toEqual([
      "seed on the air in state",
    ]);
  });
});

describe("who has a relay's folder, or reads what parts say", () => {
  it("finds a report that waits, and no place, no key and no token in it", () => {
    const waiting = new Map(network.acknowledged.map(({ putId }) => [toHex(putId), putId]));
    expect(findAll(leavings.relayFiles, waiting).length).toBeGreaterThan(0);
    const needles = airedNeedles(leavings);
    for (const name of needles.keys()) if (name.endsWith("putId")) needles.delete(name);
    for (const [name, needle] of sightingNeedles(leavings)) needles.set(name, needle);
    expect(findAll(leavings.relayFiles, needles)).toEqual([]);
  });

  it("reads no id, key, place or address in what parts say", () => {
    const said = Buffer.from(network.said.join("\n"));
    expect(network.said.length).toBeGreaterThan(0);
    const needles = new Map([
      ...airedNeedles(leavings),
      ...sightingNeedles(leavings),
      ...visitorNeedles(),
    ]);
    for (const { epochs, heard } of leavings.victims) {
      for (const { index, getId } of epochs) needles.set(`get_id ${index}`, getId);
      for (const { address } of heard) needles.set(address, Buffer.from(address, "hex"));
    }
    expect(findAll(new Map([["talk", said]]), needles)).toEqual([]);
  });
});

function bodyOf(path: string): Uint8Array {
  const answer = leavings.published.answers.find((one) => one.path === path);
  if (answer === undefined) throw new Error(`${path} was not fetched`);
  return answer.body;
}
