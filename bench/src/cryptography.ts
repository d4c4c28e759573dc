import { createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import { deriveDayIds } from "@glowworm/owner";
import {
  type CryptoSuite,
  dayCardOf,
  deriveDayKeys,
  EPOCHS_PER_DAY,
  type EpochOpener,
  epochOpener,
  epochPrivateKey,
  openEnvelope,
  type RandomSource,
  type Sighting,
  sealSighting,
} from "@glowworm/protocol";
import sodium from "libsodium-wrappers";
import { compare, type Row } from "./measure.ts";
import { sampleSighting } from "./sighting.ts";

const DAY = 20_600;
const WEEK_DAYS = 7;

/** Sealing, opening and deriving, each beside its limit. */
export async function benchCryptography(
  crypto: CryptoSuite,
  random: RandomSource,
): Promise<readonly Row[]> {
  await sodium.ready;
  const deviceKey = random.bytes(32);
  const keys = deriveDayKeys(crypto, deviceKey, DAY);
  const opener = epochOpener(crypto, epochPrivateKey(crypto, keys.seed, keys.privateKey));
  const sighting = sampleSighting(crypto, random, keys.seed, DAY * 86_400);
  const raw = rawX25519(random, dayCardOf(crypto, keys).publicKey);
  return [
    await compare(
      "seal",
      "reports/s",
      () => repeat(50, () => sealSighting(crypto, random.bytes(32), opener.publicKey, sighting)),
      "crypto_box_seal of 64 bytes, libsodium in WebAssembly",
      () => repeat(50, () => sodium.crypto_box_seal(new Uint8Array(64), opener.publicKey)),
    ),
    await benchOpen(crypto, random, opener, sighting, raw),
    await compare(
      "derive a week of ids",
      "ids/s",
      () => deriveWeek(crypto, deviceKey),
      `one X25519 each, ${opensslName()}`,
      () => repeat(100, raw),
    ),
  ];
}

function benchOpen(
  crypto: CryptoSuite,
  random: RandomSource,
  opener: EpochOpener,
  sighting: Sighting,
  raw: () => void,
): Promise<Row> {
  const envelope = sealSighting(crypto, random.bytes(32), opener.publicKey, sighting);
  return compare(
    "open",
    "reports/s",
    () => repeat(50, () => openEnvelope(crypto, opener, envelope)),
    `two X25519 each, ${opensslName()}`,
    () =>
      repeat(50, () => {
        raw();
        raw();
      }),
  );
}

/** Every public id of seven days, as a lookup derives them. */
function deriveWeek(crypto: CryptoSuite, deviceKey: Uint8Array): number {
  for (let day = DAY; day < DAY + WEEK_DAYS; day++) deriveDayIds(crypto, deviceKey, day);
  return WEEK_DAYS * EPOCHS_PER_DAY;
}

/** One X25519 of OpenSSL with both keys imported beforehand: the physical limit here. */
function rawX25519(random: RandomSource, point: Uint8Array): () => void {
  const base = { kty: "OKP", crv: "X25519", x: base64url(point) };
  const publicKey = createPublicKey({ key: base, format: "jwk" });
  const d = base64url(random.bytes(32));
  const privateKey = createPrivateKey({ key: { ...base, d }, format: "jwk" });
  return () => {
    diffieHellman({ privateKey, publicKey });
  };
}

function repeat(count: number, work: () => unknown): number {
  for (let n = 0; n < count; n++) work();
  return count;
}

function opensslName(): string {
  return `OpenSSL ${process.versions.openssl}`;
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
