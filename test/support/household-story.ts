import { join } from "node:path";
import { OwnerFolder } from "@glowworm/owner";
import {
  deriveDeviceKey,
  loadCrypto,
  putIdOf,
  type StoredRecord,
  tagOf,
  toHex,
  type UploadRecord,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { Crowd, strangersKeys } from "./crowd.ts";
import { Ear, type HeardFrame } from "./ear.ts";
import { eventually } from "./eventually.ts";
import type { Glowworm } from "./glowworm.ts";
import type { Ended, Household } from "./household.ts";
import { readPublished } from "./published.ts";
import { daySecrets, type EpochSecrets } from "./secrets.ts";

/** Strangers' beacons whose reports are in the outbox when the relay is killed. */
export const CROWD = 8;
const PATIENCE_MS = 60_000;

const crypto = await loadCrypto();

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

/** What happened, for the tests to look at. */
export interface Story {
  readonly rotationMs: number;
  readonly epochs: readonly EpochSecrets[];
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

/** Plays it; the beacon starts well before `rotationMs`, on the time line of the household. */
export async function play(household: Household, ear: Ear, rotationMs: number): Promise<Story> {
  const { proxy, btvirt } = household;
  await prepare(household);
  const epochs = await epochsOfToday(household);
  await ear.start();
  const server = await household.startServer();
  const relay = await household.startRelay();
  const cards = join(household.folder, "owner", "laptop.cards");
  const beacon = await household.startBeacon("--cards", cards);
  const firstFind = await findBothEpochs(household, ear, epochs);
  const keptByRelay = await killRelayWithFullOutbox(household, relay);
  const died = killServerAfterYes(household, server);
  const secondRelay = await household.startRelay();
  await died;
  const secondServer = await household.startServer();
  await loseAnswers(household);
  await eventually("a yes for everything", 2 * PATIENCE_MS, () =>
    isEachAmong(proxy.offered, proxy.acknowledged) ? true : null,
  );
  await beacon.stop("SIGKILL");
  const heardAtKill = ear.frames.length;
  const secondBeacon = await household.startBeacon();
  await eventually("the beacon again", PATIENCE_MS, () =>
    ear.frames.length > heardAtKill + 10 ? true : null,
  );
  const published = await publishedInFull(household);
  const lastFind = await findLaptop(household);
  const history = await household.owner("history", "laptop", "--format", "geojson");
  const exits = [await secondBeacon.stop(), await secondRelay.stop(), await secondServer.stop()];
  return {
    ...{ rotationMs, epochs, firstFind, lastFind, history, keptByRelay, published },
    ...{ heard: [...ear.frames], heardAtKill, exits },
    heardAfterwards: await hearAfterwards(btvirt.adapter),
  };
}

async function prepare(household: Household): Promise<void> {
  const commands = [
    ["init", "--no-passphrase", "--server", household.serverUrl],
    ["device", "add", "laptop"],
  ];
  for (const command of commands) {
    const { code, said } = await household.owner(...command);
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${said}`);
  }
}

async function findBothEpochs(
  household: Household,
  ear: Ear,
  epochs: readonly EpochSecrets[],
): Promise<FindAnswer> {
  const tags = new Set(epochs.map(({ tag }) => toHex(tag)));
  await eventually("a rotation", PATIENCE_MS, () => {
    const aired = new Set(ear.frames.map(({ frame }) => tagHexOf(frame)));
    return [...aired].filter((tag) => tags.has(tag)).length >= 2 ? true : null;
  });
  return await eventually("two reports", 2 * PATIENCE_MS, async () => {
    const answer = await findLaptop(household);
    return (answer.place?.reports ?? 0) >= 2 ? answer : null;
  });
}

/** The server takes nothing while a crowd passes; then the relay is killed. Returns what it had tried to upload. */
async function killRelayWithFullOutbox(
  { proxy, btvirt }: Household,
  relay: Glowworm,
): Promise<readonly UploadRecord[]> {
  proxy.fate = "refuse";
  const before = proxy.offered.length;
  const keys = strangersKeys(crypto, seededRandom("crowd"), CROWD);
  const crowd = new Crowd(btvirt.adapter);
  await crowd.start(crypto, keys);
  try {
    await eventually("uploads that are refused", PATIENCE_MS, () => {
      const tried = new Set(proxy.offered.slice(before).map(({ putId }) => toHex(putId)));
      return keys.every((key) => tried.has(toHex(putIdOf(crypto, key)))) ? true : null;
    });
    await relay.stop("SIGKILL");
  } finally {
    await crowd.stop();
  }
  return proxy.offered.slice(before);
}

/** Settles when the server was killed right after its next yes, which the relay hears. */
function killServerAfterYes({ proxy }: Household, server: Glowworm): Promise<void> {
  return new Promise((resolve) => {
    proxy.onInterrupt = async () => {
      proxy.fate = "refuse";
      await server.stop("SIGKILL");
      resolve();
    };
    proxy.fate = "interrupt";
  });
}

/** The server says yes to what a relay without memory has heard again, and the relay never hears of it. */
async function loseAnswers({ proxy }: Household): Promise<void> {
  proxy.fate = "lose";
  await eventually("a yes that is lost", PATIENCE_MS, () =>
    proxy.unheard.length > 0 ? true : null,
  );
  proxy.fate = "pass";
}

/** All records, once everything that was acknowledged is among them. */
function publishedInFull({ proxy }: Household): Promise<readonly StoredRecord[]> {
  return eventually("everything in public", PATIENCE_MS, async () => {
    const { closed, open } = await readPublished(proxy.target);
    const records = [...closed, ...open];
    const envelopes = new Set(records.map(({ envelope }) => toHex(envelope)));
    const isThere = ({ envelope }: UploadRecord): boolean => envelopes.has(toHex(envelope));
    return proxy.acknowledged.every(isThere) ? records : null;
  });
}

/** What a new listener hears before a beacon that starts after it did: everything that was on the air already. */
async function hearAfterwards(adapter: string): Promise<readonly HeardFrame[]> {
  const newEar = new Ear(adapter);
  const last = new Crowd(adapter);
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

async function findLaptop(household: Household): Promise<FindAnswer> {
  const { code, stdout, said } = await household.owner("find", "laptop", "--json");
  if (code !== 0 && code !== 4) throw new Error(`find ended with ${code}: ${said}`);
  return JSON.parse(stdout) as FindAnswer;
}

async function epochsOfToday(household: Household): Promise<readonly EpochSecrets[]> {
  const folder = new OwnerFolder(crypto, join(household.folder, "owner", "config", "glowworm"));
  const ownerKey = await folder.loadKey(() => Promise.reject(new Error("has a passphrase")));
  return daySecrets(crypto, deriveDeviceKey(crypto, ownerKey, 1), household.nowMs()).epochs;
}

function isEachAmong(some: readonly UploadRecord[], all: readonly UploadRecord[]): boolean {
  const names = new Set(all.map(uploadName));
  return some.every((record) => names.has(uploadName(record)));
}

/** Tells uploads apart. */
export function uploadName({ putId, envelope }: UploadRecord): string {
  return toHex(putId) + toHex(envelope);
}

function tagHexOf(frame: HeardFrame["frame"]): string {
  return frame.type === "piece" ? toHex(frame.tag) : toHex(tagOf(crypto, frame.publicKey));
}
