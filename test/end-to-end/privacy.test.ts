import { join } from "node:path";
import {
  advanceSeed,
  arrivalStepOf,
  ascii,
  blindingOf,
  type CryptoSuite,
  concat,
  dayCardOf,
  decodeManifest,
  deriveDayKeys,
  EPOCH_SECONDS,
  EPOCHS_PER_DAY,
  epochPrivateKey,
  equalBytes,
  getIdOf,
  hourOf,
  PAGE_BYTES,
  PAGE_RECORDS,
  PATHS,
  piecesOf,
  putIdOf,
  RECORDS_MEDIA_TYPE,
  type Sighting,
  tagOf,
  toHex,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { isNonResolvable, OPCODE } from "@glowworm/radio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Generation, generationsOf, HEADER_BYTES, snippetsOf } from "../support/heard.ts";
import { degreesOf, type Laptop, Network, type RelayPost } from "../support/network.ts";
import { type Published, readPublished } from "../support/published.ts";
import { filesIn, findAll, type Needles, placeNeedles, type Remains } from "../support/remains.ts";
import { countOpened, idsFrom, secretsIn } from "../support/thief.ts";

/** Three epochs, and the hour that ends between the second and the third is closed before the end. */
const START_MS = Date.UTC(2026, 10, 20, 12, 54, 30);
const RUN_MS = 8 * 60_000 + 10_000;
const EPOCHS = 3;
const CLOSED_HOUR = hourOf(START_MS / 1000);
/** Few enough days that every secret a thief could find can be tried. */
const CARD_DAYS = 30;
const LATE_RELAY_MS = 60_000;
/** Nothing a part does leads to these: they are in a visitor's requests. */
const MARKER_AGENT = "marker-agent-5f1c9a";
const MARKER_ADDRESS = "203.0.113.77";

let network: Network;
let crypto: CryptoSuite;
let laptops: readonly Laptop[];
let relays: readonly RelayPost[];
let secrets: readonly LaptopSecrets[];
let sightings: readonly Sighting[];
let published: Published;
/** The server's files while the first hour was open, and at the end. */
let serverEarly: Remains;
let serverLate: Remains;
/** The relays' files while a report was waiting, and at the end. */
let relayRemains: Remains;
let laptopFiles: Remains;
let forged: { readonly getId: Uint8Array; readonly envelope: Uint8Array };

/** All that belongs to one epoch of a laptop. */
interface EpochSecrets {
  readonly epoch: number;
  readonly seed: Uint8Array;
  readonly blinding: Uint8Array;
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly putId: Uint8Array;
  readonly getId: Uint8Array;
}

interface LaptopSecrets {
  readonly ownerKey: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly dayPrivateKey: Uint8Array;
  readonly daySeed: Uint8Array;
  readonly dayPublicKey: Uint8Array;
  /** Every epoch of the day up to the end of the run. */
  readonly epochs: readonly EpochSecrets[];
}

beforeAll(async () => {
  network = await Network.open(START_MS, "privacy");
  crypto = network.crypto;
  laptops = [
    network.addLaptop("alice", { x: 6, y: 0 }, CARD_DAYS),
    network.addLaptop("bob", { x: 45, y: 8 }, CARD_DAYS),
  ];
  relays = [
    await network.addRelay("corner", { x: 0, y: 0 }),
    await network.addRelay("station", { x: 50, y: 0 }, LATE_RELAY_MS),
  ];
  for (const laptop of laptops) await network.startBeacon(laptop);
  while (relays.every(({ relay }) => relay.status().waiting === 0)) await network.run(1000);
  relayRemains = named("waiting", relays);
  await visit();
  serverEarly = filesIn(network.serverFolder);
  await network.run(START_MS + RUN_MS - network.clock.nowMs());
  serverLate = filesIn(network.serverFolder);
  relayRemains = new Map([...relayRemains, ...named("at the end", relays)]);
  laptopFiles = filesIn(laptopAt(0).folder);
  secrets = laptops.map(secretsOf);
  published = await readPublished(network.serverUrl);
  const found = await Promise.all(laptops.map((laptop) => network.find(laptop)));
  sightings = found.flatMap(({ reports }) => reports.map(({ sighting }) => sighting));
}, 120_000);

afterAll(() => network.close());

describe("who listens to the radio", () => {
  it("hears nothing twice across epochs and laptops but the header", () => {
    const generations = laptops.flatMap(heardFrom);
    expect(generations).toHaveLength(EPOCHS * laptops.length);
    const snippets = generations.map(snippetsOf);
    for (const [index, one] of snippets.entries()) {
      for (const other of snippets.slice(index + 1)) {
        expect([...one].filter((snippet) => other.has(snippet))).toEqual([]);
      }
    }
  });

  it("finds no byte that stays the same, at any place", () => {
    const generations = laptops.flatMap(heardFrom);
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
    const radios = laptops.map(({ radio }) => radio);
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
    for (const { radio } of relays) {
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
      ["answers", Buffer.concat(published.answers.map(({ body }) => body))],
    ]);
    expect(network.acknowledged.length).toBeGreaterThanOrEqual(EPOCHS * laptops.length);
    const everywhere = new Map([["disk", Buffer.concat([...serverLate.values()])], ...answers]);
    expect(findAll(everywhere, reports)).toHaveLength(2 * reports.size);
  });

  it("finds no key, no put_id, nothing of a sighting, and nobody's address", () => {
    const needles = new Map([...keyNeedles(), ...sightingNeedles(), ...visitorNeedles()]);
    expect(needles.size).toBeGreaterThan(100);
    expect(findAll(serverEarly, needles)).toEqual([]);
    expect(findAll(serverLate, needles)).toEqual([]);
    const answers = published.answers.flatMap(({ path, headers, body }): [string, Buffer][] => [
      [path, Buffer.from(body)],
      [`headers of ${path}`, Buffer.from(headers)],
    ]);
    expect(findAll(new Map(answers), needles)).toEqual([]);
  });

  it("finds of a closed hour the published pages and no other byte", () => {
    const names = [...serverLate.keys()];
    expect(names.filter((name) => name.includes(String(CLOSED_HOUR)))).toEqual([
      join("hours", `${CLOSED_HOUR}.hour`),
    ]);
    const file = serverLate.get(join("hours", `${CLOSED_HOUR}.hour`)) ?? Buffer.alloc(0);
    const manifest = bodyOf(PATHS.manifest(CLOSED_HOUR));
    const pages = decodeManifest(manifest).pages.map((_, page) => {
      return bodyOf(PATHS.page(CLOSED_HOUR, page));
    });
    for (const page of pages) expect(page).toHaveLength(PAGE_BYTES);
    const served = concat(manifest, ...pages);
    expect(toHex(file.subarray(0, served.length))).toBe(toHex(served));
    // The last bytes are a checksum of the manifest.
    expect(file).toHaveLength(served.length + 32);
  });

  it("reads the arrival of a report in steps of ten minutes, among padding that looks the same", () => {
    const steps = new Set(published.closed.map(({ arrivalStep }) => arrivalStep));
    const first = arrivalStepOf(CLOSED_HOUR * 3600);
    for (const step of steps) expect(step - first).toBeGreaterThanOrEqual(0);
    for (const step of steps) expect(step - first).toBeLessThan(6);
    expect(published.closed).toHaveLength(PAGE_RECORDS);
    const real = new Set(network.acknowledged.map(({ envelope }) => toHex(envelope)));
    const reports = published.closed.filter(({ envelope }) => real.has(toHex(envelope)));
    expect(reports.length).toBeGreaterThan(0);
    // All of them came in the last ten minutes of the hour, which is all that is left to be seen.
    for (const { arrivalStep } of reports) expect(arrivalStep - first).toBe(5);
  });

  it("cannot put anything under an id that it has read", () => {
    const all = [...published.closed, ...published.open];
    const envelope = toHex(forged.envelope);
    const stored = all.filter((record) => toHex(record.envelope) === envelope);
    expect(stored).toHaveLength(1);
    expect(stored.filter(({ getId }) => equalBytes(getId, forged.getId))).toEqual([]);
  });
});

describe("a thief with every file of the laptop", () => {
  it("recomputes the id that is on the air, and none from before it", () => {
    const { epochs, dayPublicKey } = secretsAt(0);
    const ids = idsFrom(crypto, secretsIn(laptopFiles), [dayPublicKey]);
    const own = epochs.filter(({ getId }) => ids.has(toHex(getId)));
    expect(own.map(({ epoch }) => epoch)).toEqual([epochs.at(-1)?.epoch]);
    const others = [...published.closed, ...published.open].filter(({ getId }) => {
      return ids.has(toHex(getId)) && !equalBytes(getId, epochs.at(-1)?.getId ?? getId);
    });
    expect(others).toEqual([]);
  });

  it("opens no report, not even of the epoch that is on the air", () => {
    const { dayPublicKey, dayPrivateKey, epochs } = secretsAt(0);
    const reports = network.acknowledged.flatMap(({ putId, envelope }) => {
      const epoch = epochs.find((one) => equalBytes(one.putId, putId));
      return epoch === undefined ? [] : [{ publicKey: epoch.publicKey, envelope }];
    });
    const known = { reports, dayKeys: [dayPublicKey] };
    const onAir = epochs.at(-1);
    if (onAir === undefined) throw new Error("no epoch");
    const blindings = [onAir.blinding];
    const loot = secretsIn(laptopFiles);
    const current = reports.filter(({ publicKey }) => equalBytes(publicKey, onAir.publicKey));
    expect(current.length).toBeGreaterThan(0);
    expect(reports.length).toBeGreaterThan(current.length);
    expect(countOpened(crypto, loot, blindings, known)).toBe(0);
    // With the one secret that only the owner has, the same attack opens what is on the air.
    expect(countOpened(crypto, [dayPrivateKey], blindings, known)).toBe(current.length);
  });

  it("finds no secret of an earlier epoch, of the day, or of the owner", () => {
    const { epochs, ...own } = secretsAt(0);
    const needles = new Map<string, Uint8Array>();
    for (const { epoch, seed, blinding, privateKey, publicKey } of epochs.slice(0, -1)) {
      needles.set(`seed ${epoch}`, seed);
      needles.set(`blinding ${epoch}`, blinding);
      needles.set(`private key ${epoch}`, privateKey);
      needles.set(`public key ${epoch}`, publicKey);
    }
    needles.set("owner key", own.ownerKey);
    needles.set("device key", own.deviceKey);
    needles.set("day private key", own.dayPrivateKey);
    needles.set("day seed", own.daySeed);
    expect(findAll(laptopFiles, needles)).toEqual([]);
    const present = new Map([["seed", epochs.at(-1)?.seed ?? new Uint8Array()]]);
    expect(findAll(laptopFiles, present)).toEqual(["seed in state"]);
  });
});

describe("who has a relay's folder, or reads what parts say", () => {
  it("finds a report that waits, and no place, no key and no token in it", () => {
    const waiting = new Map(network.acknowledged.map(({ putId }) => [toHex(putId), putId]));
    expect(findAll(relayRemains, waiting).length).toBeGreaterThan(0);
    const needles = new Map(keyNeedles());
    for (const name of needles.keys()) if (name.endsWith("put_id")) needles.delete(name);
    for (const [name, needle] of sightingNeedles()) needles.set(name, needle);
    expect(findAll(relayRemains, needles)).toEqual([]);
  });

  it("reads no id, key, place or address in what parts say", () => {
    const said = Buffer.from(network.said.join("\n"));
    expect(network.said.length).toBeGreaterThan(0);
    const needles = new Map([...keyNeedles(), ...sightingNeedles(), ...visitorNeedles()]);
    for (const { getId } of secrets.flatMap(({ epochs }) => epochs)) {
      needles.set(`get_id ${toHex(getId)}`, getId);
    }
    for (const { address } of laptops.flatMap(heardFrom)) {
      needles.set(`address ${address}`, Buffer.from(address, "hex"));
    }
    expect(findAll(new Map([["talk", said]]), needles)).toEqual([]);
  });
});

/** A stranger who says who it is, sends nonsense, and tries to write under an id that is public. */
async function visit(): Promise<void> {
  const headers = { "user-agent": MARKER_AGENT, "x-forwarded-for": MARKER_ADDRESS };
  const url = network.serverUrl;
  const [victim] = network.acknowledged;
  if (victim === undefined) throw new Error("nothing was uploaded yet");
  const getId = getIdOf(crypto, victim.putId);
  const random = seededRandom("visitor");
  const envelope = concat(victim.envelope.subarray(0, 1), random.bytes(112));
  forged = { getId, envelope };
  const post = (body: Uint8Array): Promise<Response> => {
    const type = { ...headers, "content-type": RECORDS_MEDIA_TYPE };
    const init = { method: "POST", headers: type, body: new Uint8Array(body) };
    return fetch(url + PATHS.sightings, init);
  };
  const statuses = [
    (await post(concat(getId, random.bytes(16), envelope))).status,
    (await post(ascii(MARKER_AGENT))).status,
    (await fetch(`${url}/${MARKER_AGENT}`, { headers })).status,
  ];
  expect(statuses).toEqual([201, 400, 404]);
}

function keyNeedles(): Needles {
  const needles = new Map<string, Uint8Array>();
  for (const [index, laptop] of secrets.entries()) {
    needles.set(`laptop ${index} owner key`, laptop.ownerKey);
    needles.set(`laptop ${index} device key`, laptop.deviceKey);
    needles.set(`laptop ${index} day private key`, laptop.dayPrivateKey);
    needles.set(`laptop ${index} day seed`, laptop.daySeed);
    needles.set(`laptop ${index} day public key`, laptop.dayPublicKey);
    for (const one of laptop.epochs.slice(-EPOCHS)) {
      const name = `laptop ${index} epoch ${one.epoch}`;
      needles.set(`${name} seed`, one.seed);
      needles.set(`${name} blinding`, one.blinding);
      needles.set(`${name} private key`, one.privateKey);
      needles.set(`${name} public key`, one.publicKey);
      needles.set(`${name} put_id`, one.putId);
      needles.set(`${name} tag`, tagOf(crypto, one.publicKey));
      for (const [kind, piece] of piecesOf(one.publicKey).entries()) {
        needles.set(`${name} piece ${kind}`, piece);
      }
    }
  }
  return needles;
}

function sightingNeedles(): Needles {
  const needles = new Map<string, Uint8Array>();
  for (const { name, spot } of relays) {
    for (const [what, needle] of placeNeedles(name, degreesOf(spot))) needles.set(what, needle);
  }
  for (const [index, { token, relayMark, stamp }] of sightings.entries()) {
    needles.set(`sighting ${index} token and mark`, concat(token, relayMark));
    needles.set(`sighting ${index} mark`, relayMark);
    needles.set(`sighting ${index} stamp`, stamp);
  }
  return needles;
}

function visitorNeedles(): Needles {
  return new Map([
    ["user agent", ascii(MARKER_AGENT)],
    ["forwarded address", ascii(MARKER_ADDRESS)],
    ["address of the relays", ascii("127.0.0.1")],
    ["network of the relays", ascii("127.0.0")],
  ]);
}

function secretsOf({ ownerKey, keys }: Laptop): LaptopSecrets {
  const nowIndex = Math.floor(network.clock.nowMs() / 1000 / EPOCH_SECONDS);
  const day = Math.floor(nowIndex / EPOCHS_PER_DAY);
  const { privateKey, seed } = deriveDayKeys(crypto, keys.key, day);
  const { publicKey } = dayCardOf(crypto, { day, privateKey, seed });
  const epochs = Array.from({ length: (nowIndex % EPOCHS_PER_DAY) + 1 }, (_, epoch) =>
    epochSecretsOf(epoch, advanceSeed(crypto, seed, 0, epoch), privateKey),
  );
  return {
    ...{ ownerKey, deviceKey: keys.key, dayPrivateKey: privateKey, daySeed: seed },
    ...{ dayPublicKey: publicKey, epochs },
  };
}

function epochSecretsOf(epoch: number, seed: Uint8Array, dayPrivateKey: Uint8Array): EpochSecrets {
  const privateKey = epochPrivateKey(crypto, seed, dayPrivateKey);
  const publicKey = crypto.x25519Base(privateKey);
  const putId = putIdOf(crypto, publicKey);
  const blinding = blindingOf(crypto, seed);
  const getId = getIdOf(crypto, putId);
  return { epoch, seed, blinding, privateKey, publicKey, putId, getId };
}

function named(when: string, posts: readonly RelayPost[]): Remains {
  return new Map(
    posts.flatMap(({ name, folder }) =>
      [...filesIn(folder)].map(([file, bytes]) => [`${name} ${when}: ${file}`, bytes] as const),
    ),
  );
}

function heardFrom({ radio }: Laptop): readonly Generation[] {
  return generationsOf(network.air.pdus.filter(({ from }) => from === radio));
}

function bodyOf(path: string): Uint8Array {
  const answer = published.answers.find((one) => one.path === path);
  if (answer === undefined) throw new Error(`${path} was not fetched`);
  return answer.body;
}

function laptopAt(index: number): Laptop {
  const laptop = laptops[index];
  if (laptop === undefined) throw new Error(`no laptop ${index}`);
  return laptop;
}

function secretsAt(index: number): LaptopSecrets {
  const found = secrets[index];
  if (found === undefined) throw new Error(`no laptop ${index}`);
  return found;
}
