import { join } from "node:path";
import { OwnerFolder } from "@glowworm/owner";
import {
  advanceSeed,
  dayOf,
  deriveDayKeys,
  deriveDeviceKey,
  EPOCH_SECONDS,
  EPOCHS_PER_DAY,
  epochPrivateKey,
  HOUR_SECONDS,
  loadCrypto,
  putIdOf,
  type StoredRecord,
  tagOf,
  toHex,
  type UploadRecord,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Crowd, strangersKeys } from "../support/crowd.ts";
import { Ear, type HeardFrame } from "../support/ear.ts";
import { eventually } from "../support/eventually.ts";
import { type Ended, Household } from "../support/household.ts";
import { needs } from "../support/needs.ts";
import { readPublished } from "../support/published.ts";

const PLACE = { latitude: 52.240_666, longitude: 21.012_233 } as const;
/** From the start of the test to the end of an epoch: everybody is up by then. */
const LEAD_SECONDS = 30;
const PATIENCE_MS = 60_000;
const METRES_PER_DEGREE = 111_195;
const CROWD = 8;

const crypto = await loadCrypto();
const need = needs("btvirt", "cc", "unshare", "gpsd", "gpsfake", "faketime");

/** What `find --json` says, as far as it matters here. */
interface FindAnswer {
  readonly found: boolean;
  readonly place: {
    readonly time: string;
    readonly lat: number;
    readonly lon: number;
    readonly accuracyMetres: number;
    readonly grade: string;
    readonly reports: number;
    readonly relays: number;
  } | null;
  readonly refused: object;
}

interface GeoJson {
  readonly type: string;
  readonly features: readonly {
    readonly type: string;
    readonly geometry: { readonly type: string; readonly coordinates: readonly number[] };
    readonly properties: Readonly<Record<string, unknown>>;
  }[];
}

/** Keys of one epoch of the laptop, as its owner derives them. */
interface EpochIds {
  /** Epochs since 1970. */
  readonly index: number;
  readonly publicKey: Uint8Array;
  readonly putId: string;
  readonly tag: string;
}

/** What happened, for the tests to look at. */
interface Story {
  readonly rotationMs: number;
  readonly epochs: readonly EpochIds[];
  readonly firstFind: FindAnswer;
  readonly lastFind: FindAnswer;
  readonly history: Ended;
  /** Tried while the server was made to refuse, then kept by a relay that was killed. */
  readonly keptByRelay: readonly UploadRecord[];
  readonly published: readonly StoredRecord[];
  readonly heard: readonly HeardFrame[];
  /** How many frames had been heard when the beacon was killed. */
  readonly heardAtKill: number;
  readonly exits: readonly (number | null)[];
  readonly heardAfterwards: readonly HeardFrame[];
}

let household: Household;
let ear: Ear;
let story: Story;

describe.skipIf(need.skip)("beacon, relay, server and owner, each a process", () => {
  beforeAll(async () => {
    const rotationMs = nextRotationMs(Date.now() + LEAD_SECONDS * 1000);
    household = await Household.open(rotationMs - LEAD_SECONDS * 1000 - Date.now(), [PLACE]);
    ear = new Ear(household.btvirt.adapter);
    try {
      story = await play(rotationMs);
    } catch (cause) {
      throw new Error(household.transcript(), { cause });
    }
  }, 300_000);

  afterAll(async () => {
    await ear?.stop();
    await household?.close();
  });

  it("show the owner the receiver's place", () => {
    const { place } = story.firstFind;
    if (place === null) throw new Error("nothing found");
    const north = (place.lat - PLACE.latitude) * METRES_PER_DEGREE;
    const east =
      (place.lon - PLACE.longitude) *
      METRES_PER_DEGREE *
      Math.cos((PLACE.latitude * Math.PI) / 180);
    // What the radio's reach adds to the accuracy is no error of the place.
    expect(Math.hypot(north, east)).toBeLessThan(1);
    expect(place.accuracyMetres).toBeGreaterThan(1);
    expect(place).toMatchObject({ grade: "on-time", relays: 1 });
    expect(Date.parse(place.time)).toBeGreaterThanOrEqual(story.rotationMs);
    expect(Date.parse(place.time)).toBeLessThan(story.rotationMs + 30_000);
  });

  it("bring reports of the epoch before the rotation and of the one after", () => {
    const uploaded = new Set(household.proxy.acknowledged.map(({ putId }) => toHex(putId)));
    const reported = story.epochs.filter(({ putId }) => uploaded.has(putId));
    const rotation = story.rotationMs / 1000 / EPOCH_SECONDS;
    expect(reported.map(({ index }) => index)).toEqual(
      expect.arrayContaining([rotation - 1, rotation]),
    );
    expect(story.firstFind.place?.reports).toBeGreaterThanOrEqual(2);
  });

  it("write a history that is GeoJSON", () => {
    expect(story.history.code).toBe(0);
    const { type, features } = JSON.parse(story.history.stdout) as GeoJson;
    expect(type).toBe("FeatureCollection");
    expect(features.length).toBeGreaterThan(0);
    for (const feature of features) {
      expect(feature.type).toBe("Feature");
      expect(feature.geometry.type).toBe("Point");
      const [longitude = 0, latitude = 0, ...rest] = feature.geometry.coordinates;
      expect(rest).toEqual([]);
      expect(Math.abs(longitude - PLACE.longitude)).toBeLessThan(1e-4);
      expect(Math.abs(latitude - PLACE.latitude)).toBeLessThan(1e-4);
      expect(feature.properties).toMatchObject({ device: "laptop", grade: "on-time" });
    }
  });

  it("lose nothing that a relay had sealed when it was killed", () => {
    expect(story.keptByRelay.length).toBeGreaterThanOrEqual(CROWD);
    const acknowledged = new Set(household.proxy.acknowledged.map(uploadName));
    const lost = story.keptByRelay.map(uploadName).filter((name) => !acknowledged.has(name));
    expect(lost).toEqual([]);
  });

  it("publish everything the server ever said yes to, once", () => {
    const { acknowledged, unheard } = household.proxy;
    expect(unheard.length).toBeGreaterThanOrEqual(CROWD);
    const published = story.published.map(({ envelope }) => toHex(envelope));
    for (const { envelope } of [...acknowledged, ...unheard]) {
      expect(published.filter((other) => other === toHex(envelope))).toHaveLength(1);
    }
  });

  it("find nothing twice", () => {
    const own = new Set(story.epochs.map(({ putId }) => putId));
    const reports = new Set(
      household.proxy.acknowledged.filter(({ putId }) => own.has(toHex(putId))).map(uploadName),
    );
    expect(story.lastFind.refused).toEqual({
      copies: 0,
      notOpening: 0,
      malformed: 0,
      fromTheFuture: 0,
    });
    // A relay that was killed has forgotten that it had reported the epoch: one more report, and still one voice.
    expect(reports.size).toBeGreaterThanOrEqual(3);
    const epochs = new Set([...reports].map((name) => name.slice(0, 64)));
    expect(story.lastFind.place?.reports).toBeLessThanOrEqual(epochs.size);
    expect(story.lastFind.place?.relays).toBe(1);
  });

  it("never go back to an epoch on the air, not after a kill either", () => {
    const indexOf = new Map(story.epochs.map(({ tag, index }) => [tag, index]));
    const aired = story.heard.flatMap(({ frame, address }) => {
      const index = frame.type === "piece" ? indexOf.get(toHex(frame.tag)) : undefined;
      return index === undefined ? [] : [{ index, address: toHex(address ?? new Uint8Array()) }];
    });
    const indexes = aired.map(({ index }) => index);
    expect(indexes).toEqual([...indexes].sort((a, b) => a - b));
    expect(new Set(indexes).size).toBeGreaterThanOrEqual(2);
    // One address for each epoch, and one more after the restart.
    expect(new Set(aired.map(({ address }) => address)).size).toBe(new Set(indexes).size + 1);
    expect(story.heardAtKill).toBeGreaterThan(0);
  });

  it("end well when they are told to, and leave the air silent", () => {
    expect(story.exits).toEqual([0, 0, 0]);
    expect(story.heardAfterwards).toEqual([]);
  });

  it("say nothing that identifies or locates anybody", () => {
    const secrets = [
      ...story.epochs.flatMap(({ publicKey, putId, tag }) => [toHex(publicKey), putId, tag]),
      ...story.published.flatMap(({ getId, envelope }) => [toHex(getId), toHex(envelope)]),
      ...story.heard.map(({ address }) => toHex(address ?? new Uint8Array())),
    ].flatMap((hex) => [hex, Buffer.from(hex, "hex").toString("base64url")]);
    const places = [PLACE.latitude.toFixed(2), PLACE.longitude.toFixed(2)];
    for (const { process } of household.started) {
      expect(process.lines.length).toBeGreaterThan(0);
      const said = process.lines.join("\n").replaceAll(/[:\s]/g, "").toLowerCase();
      for (const secret of [...new Set([...secrets, ...places])]) {
        expect(said).not.toContain(secret.toLowerCase());
      }
    }
  });

  it("tell the server nothing about who asks", () => {
    const asked = household.proxy.requests.filter(({ method }) => method === "GET");
    expect(asked.length).toBeGreaterThan(0);
    for (const { path, headers } of asked) {
      expect(path).toMatch(/^\/v1\/(hours|open\/\d+|hours\/\d+\/(manifest|pages\/\d+))$/);
      expect(Object.keys(headers).sort()).toEqual([
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "host",
        "sec-fetch-mode",
        "user-agent",
      ]);
      expect(headers["user-agent"]).toBe("glowworm");
    }
  });
});

async function play(rotationMs: number): Promise<Story> {
  const { proxy, btvirt } = household;
  expect(await household.owner("init", "--no-passphrase", "--server", household.serverUrl)).toEqual(
    expect.objectContaining({ code: 0 }),
  );
  expect(await household.owner("device", "add", "laptop")).toEqual(
    expect.objectContaining({ code: 0, stdout: "laptop.cards\n" }),
  );
  const epochs = await epochsOfToday(household.nowMs());
  const tags = new Map(epochs.map(({ tag, index }) => [tag, index]));
  await ear.start();
  const server = await household.startServer();
  let relay = await household.startRelay();
  const cards = join(household.folder, "owner", "laptop.cards");
  let beacon = await household.startBeacon("--cards", cards);

  const airedEpochs = (): Set<number | undefined> => {
    return new Set(ear.frames.map(({ frame }) => tags.get(tagHexOf(frame))));
  };
  await eventually("a rotation", PATIENCE_MS, () => (airedEpochs().size >= 2 ? true : null));
  const firstFind = await eventually("two reports", 2 * PATIENCE_MS, async () => {
    const answer = await find();
    return (answer.place?.reports ?? 0) >= 2 ? answer : null;
  });

  // The relay is killed while its outbox is full of what the server would not take.
  proxy.fate = "refuse";
  const keys = strangersKeys(crypto, seededRandom("crowd"), CROWD);
  const crowd = new Crowd(btvirt.adapter);
  await crowd.start(crypto, keys);
  const alreadyOffered = proxy.offered.length;
  const strangers = new Set(keys.map((key) => toHex(putIdOf(crypto, key))));
  await eventually("uploads that are refused", PATIENCE_MS, () => {
    const tried = proxy.offered.slice(alreadyOffered).map(({ putId }) => toHex(putId));
    return [...strangers].every((putId) => tried.includes(putId)) ? true : null;
  });
  await relay.stop("SIGKILL");
  await crowd.stop();
  const keptByRelay = proxy.offered.slice(alreadyOffered);

  // The server's yes is lost once, then the server is killed while it has an upload.
  proxy.fate = "lose";
  relay = await household.startRelay();
  await eventually("a yes that is lost", PATIENCE_MS, () =>
    isEachAmong(keptByRelay, proxy.unheard) ? true : null,
  );
  const dying = new Promise((resolve) => {
    proxy.onInterrupt = () => resolve(server.stop("SIGKILL"));
  });
  proxy.fate = "interrupt";
  await dying;
  const secondServer = await household.startServer();
  proxy.fate = "pass";
  await eventually("a yes for everything", 2 * PATIENCE_MS, () =>
    isEachAmong(proxy.offered, proxy.acknowledged) ? true : null,
  );

  await beacon.stop("SIGKILL");
  const heardAtKill = ear.frames.length;
  beacon = await household.startBeacon();
  await eventually("the beacon again", PATIENCE_MS, () =>
    ear.frames.length > heardAtKill + 10 ? true : null,
  );
  const published = await eventually("everything in public", PATIENCE_MS, async () => {
    const { closed, open } = await readPublished(household.proxy.target);
    const records = [...closed, ...open];
    const names = new Set(records.map(({ envelope }) => toHex(envelope)));
    return proxy.acknowledged.every(({ envelope }) => names.has(toHex(envelope))) ? records : null;
  });
  const lastFind = await find();
  const history = await household.owner("history", "laptop", "--format", "geojson");
  const exits = [await beacon.stop(), await relay.stop(), await secondServer.stop()];
  return {
    ...{ rotationMs, epochs, firstFind, lastFind, history, keptByRelay, published },
    ...{ heard: [...ear.frames], heardAtKill, exits },
    heardAfterwards: await hearAfterwards(),
  };
}

/** What a new listener hears before a beacon that starts after it did: everything that was on the air already. */
async function hearAfterwards(): Promise<readonly HeardFrame[]> {
  const newEar = new Ear(household.btvirt.adapter);
  const last = new Crowd(household.btvirt.adapter);
  const [key] = strangersKeys(crypto, seededRandom("last"), 1);
  if (key === undefined) throw new Error("no key");
  await newEar.start();
  try {
    await last.start(crypto, [key]);
    const isLast = ({ frame }: HeardFrame): boolean =>
      tagHexOf(frame) === toHex(tagOf(crypto, key));
    await eventually("the last beacon", PATIENCE_MS, () =>
      newEar.frames.some(isLast) ? true : null,
    );
    return newEar.frames.filter((heard) => !isLast(heard));
  } finally {
    await last.stop();
    await newEar.stop();
  }
}

async function find(): Promise<FindAnswer> {
  const { code, stdout, said } = await household.owner("find", "laptop", "--json");
  if (code !== 0 && code !== 4) throw new Error(`find ended with ${code}: ${said}`);
  return JSON.parse(stdout) as FindAnswer;
}

/** An end of an epoch at or after a time, far from the end of an hour: what is published then would move meanwhile. */
function nextRotationMs(fromMs: number): number {
  const epochMs = EPOCH_SECONDS * 1000;
  const hourMs = HOUR_SECONDS * 1000;
  const next = Math.ceil(fromMs / epochMs) * epochMs;
  const isNearHour = next % hourMs === 0 || next % hourMs > hourMs - 3 * epochMs;
  return isNearHour ? Math.ceil(next / hourMs) * hourMs + epochMs : next;
}

async function epochsOfToday(nowMs: number): Promise<readonly EpochIds[]> {
  const folder = new OwnerFolder(crypto, join(household.folder, "owner", "config", "glowworm"));
  const ownerKey = await folder.loadKey(() => Promise.reject(new Error("has a passphrase")));
  const day = dayOf(nowMs / 1000);
  const { privateKey, seed } = deriveDayKeys(crypto, deriveDeviceKey(crypto, ownerKey, 1), day);
  return Array.from({ length: EPOCHS_PER_DAY }, (_, epoch) => {
    const secret = epochPrivateKey(crypto, advanceSeed(crypto, seed, 0, epoch), privateKey);
    const publicKey = crypto.x25519Base(secret);
    return {
      index: day * EPOCHS_PER_DAY + epoch,
      publicKey,
      putId: toHex(putIdOf(crypto, publicKey)),
      tag: toHex(tagOf(crypto, publicKey)),
    };
  });
}

function isEachAmong(some: readonly UploadRecord[], all: readonly UploadRecord[]): boolean {
  const names = new Set(all.map(uploadName));
  return some.every((record) => names.has(uploadName(record)));
}

function uploadName({ putId, envelope }: UploadRecord): string {
  return toHex(putId) + toHex(envelope);
}

function tagHexOf(frame: HeardFrame["frame"]): string {
  return frame.type === "piece" ? toHex(frame.tag) : toHex(tagOf(crypto, frame.publicKey));
}
