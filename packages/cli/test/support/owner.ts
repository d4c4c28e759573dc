import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  advanceSeed,
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
import { FakeServer } from "../../../owner/test/support/fake-server.ts";
import { sightingOf } from "../../../owner/test/support/reports.ts";
import { glowworm, serve } from "./glowworm.ts";

const crypto = await loadCrypto();
const random = seededRandom("owner commands");

/** The hour before this one, which a server has closed. */
export const LAST_HOUR: number = Math.floor(Date.now() / 3_600_000) - 1;

/** An owner with one device, and a server that stops with the test. */
export interface OwnerWithReports {
  readonly server: FakeServer;
  readonly url: string;
  readonly stop: () => void;
  /** As `init` printed them. */
  readonly words: string;
}

/** Makes an owner with one device, and a server with one hour of its reports after one without. */
export async function ownerWithReports(home: string, relays: number): Promise<OwnerWithReports> {
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
