import { join } from "node:path";
import {
  ascii,
  concat,
  EPOCH_SECONDS,
  getIdOf,
  PATHS,
  RECORDS_MEDIA_TYPE,
  type Sighting,
  type StoredRecord,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { degreesOf } from "./ground.ts";
import { type Generation, generationsOf } from "./heard.ts";
import type { Laptop, Network, RelayPost } from "./network.ts";
import { type Published, readPublished } from "./published.ts";
import { filesIn, type Needles, placeNeedles, type Remains } from "./remains.ts";
import { type DaySecrets, daySecrets, keyNeedles } from "./secrets.ts";

/** Three epochs, and the hour that ends between the second and the third is closed before the end. */
export const START_MS: number = Date.UTC(2026, 10, 20, 12, 54, 30);
const RUN_MS = 8 * 60_000 + 10_000;
export const EPOCHS = 3;
/** Few enough days that every secret a thief could find can be tried. */
const CARD_DAYS = 30;
const LATE_RELAY_MS = 60_000;
/** Nothing a part does leads to these: they are in a visitor's requests. */
const MARKER_AGENT = "marker-agent-5f1c9a";
const MARKER_ADDRESS = "203.0.113.77";

/** A laptop with what its owner can derive for the day, up to the epoch that is on the air at the end. */
export interface Victim extends DaySecrets {
  readonly laptop: Laptop;
  /** Never empty: the last one is on the air. */
  readonly onAir: DaySecrets["epochs"][number];
  /** One for each epoch. */
  readonly heard: readonly Generation[];
}

/** What everybody is left with after a while in which two laptops glowed beside two relays. */
export interface Leavings {
  readonly network: Network;
  readonly victims: readonly [Victim, Victim];
  readonly relays: readonly RelayPost[];
  readonly sightings: readonly Sighting[];
  readonly published: Published;
  /** The server's files while the first hour was open, and at the end. */
  readonly serverEarly: Remains;
  readonly serverLate: Remains;
  /** The relays' files while a report was waiting, and at the end. */
  readonly relayFiles: Remains;
  /** A record that somebody tried to put under an id that is public. */
  readonly forged: Pick<StoredRecord, "getId" | "envelope">;
}

/** Lets it happen. Close the network afterwards. */
export async function leavingsOf(network: Network): Promise<Leavings> {
  const laptops = [
    network.addLaptop("alice", { x: 6, y: 0 }, CARD_DAYS),
    network.addLaptop("bob", { x: 45, y: 8 }, CARD_DAYS),
  ] as const;
  const relays = [
    await network.addRelay("corner", { x: 0, y: 0 }),
    await network.addRelay("station", { x: 50, y: 0 }, LATE_RELAY_MS),
  ];
  for (const laptop of laptops) await network.startBeacon(laptop);
  while (relays.every(({ relay }) => relay.status().waiting === 0)) await network.run(1000);
  const relaysEarly = filesOf("waiting", relays);
  const forged = await visit(network);
  const serverEarly = filesIn(network.serverFolder);
  await network.run(START_MS + RUN_MS - network.clock.nowMs());
  const found = await Promise.all(laptops.map((laptop) => network.find(laptop)));
  return {
    ...{ network, relays, forged, serverEarly },
    victims: [victimOf(network, laptops[0]), victimOf(network, laptops[1])],
    sightings: found.flatMap(({ reports }) => reports.map(({ sighting }) => sighting)),
    published: await readPublished(network.serverUrl),
    serverLate: filesIn(network.serverFolder),
    relayFiles: new Map([...relaysEarly, ...filesOf("at the end", relays)]),
  };
}

/** Keys and put_ids of every epoch that was on the air, and all that they come from. */
export function airedNeedles({ victims }: Leavings): Map<string, Uint8Array> {
  const needles = victims.flatMap(({ laptop, onAir: _last, heard: _frames, epochs, ...day }) => {
    const aired = { ...day, epochs: epochs.slice(-EPOCHS) };
    return [
      ...keyNeedles(laptop.name, aired),
      [`${laptop.name} ownerKey`, laptop.ownerKey] as const,
    ];
  });
  return new Map(needles);
}

/** What relays knew and sealed. */
export function sightingNeedles({ relays, sightings }: Leavings): Needles {
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

/** What tells who has been at the server. */
export function visitorNeedles(): Needles {
  return new Map([
    ["user agent", ascii(MARKER_AGENT)],
    ["forwarded address", ascii(MARKER_ADDRESS)],
    ["address of the relays", ascii("127.0.0.1")],
    ["network of the relays", ascii("127.0.0")],
  ]);
}

/** A stranger who says who it is, sends nonsense, and tries to write under an id that is public. */
async function visit({ crypto, serverUrl, acknowledged }: Network): Promise<Leavings["forged"]> {
  const [record] = acknowledged;
  if (record === undefined) throw new Error("nothing was uploaded yet");
  const getId = getIdOf(crypto, record.putId);
  const random = seededRandom("visitor");
  const envelope = concat(record.envelope.subarray(0, 1), random.bytes(112));
  const headers = { "user-agent": MARKER_AGENT, "x-forwarded-for": MARKER_ADDRESS };
  const post = async (body: Uint8Array): Promise<number> => {
    const type = { ...headers, "content-type": RECORDS_MEDIA_TYPE };
    const init = { method: "POST", headers: type, body: new Uint8Array(body) };
    return (await fetch(serverUrl + PATHS.sightings, init)).status;
  };
  const statuses = [
    await post(concat(getId, random.bytes(16), envelope)),
    await post(ascii(MARKER_AGENT)),
    (await fetch(`${serverUrl}/${MARKER_AGENT}`, { headers })).status,
  ];
  if (statuses.join() !== "201,400,404") throw new Error(`the visitor got ${statuses}`);
  return { getId, envelope };
}

function victimOf(network: Network, laptop: Laptop): Victim {
  const { clock, air } = network;
  const secrets = daySecrets(network.crypto, laptop.keys.key, clock.nowMs());
  const last = Math.floor(clock.nowMs() / 1000 / EPOCH_SECONDS);
  const epochs = secrets.epochs.filter(({ index }) => index <= last);
  const onAir = epochs.at(-1);
  if (onAir === undefined) throw new Error("no epoch");
  const heard = generationsOf(air.pdus.filter(({ from }) => from === laptop.radio));
  return { ...secrets, laptop, epochs, onAir, heard };
}

function filesOf(when: string, posts: readonly RelayPost[]): Remains {
  return new Map(
    posts.flatMap(({ name, folder }) =>
      [...filesIn(folder)].map(([file, bytes]) => [join(name, when, file), bytes] as const),
    ),
  );
}
