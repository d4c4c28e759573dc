import {
  advanceSeed,
  ascii,
  blindingOf,
  concat,
  dayCardOf,
  deriveDayKeys,
  deriveDeviceKey,
  encodeAdvertisement,
  encodeSighting,
  encodeStoredRecord,
  encodeUploadBatch,
  envelopeDigest,
  epochPrivateKey,
  epochPublicKey,
  fromHex,
  getIdOf,
  HPKE_INFO,
  KDF_TOKEN,
  loadCrypto,
  minuteToken,
  piecesOf,
  putIdOf,
  relayMarkOf,
  STATUS_SEPARATED,
  sealSighting,
  tagOf,
  toHex,
} from "@glowworm/protocol";
import { schedule } from "../../packages/protocol/test/reference/hpke.ts";

/** The example of docs/protocol.md section 11, recomputed: every value under the name it has there. */
export async function workedExample(): Promise<ReadonlyMap<string, string>> {
  const crypto = await loadCrypto();
  const ownerKey = counting(0, 32);
  const deviceKey = deriveDeviceKey(crypto, ownerKey, 1);
  const keys = deriveDayKeys(crypto, deviceKey, 20_454);
  const card = dayCardOf(crypto, keys);
  const seed = advanceSeed(crypto, keys.seed, 0, 3);
  const publicKey = epochPublicKey(crypto, seed, card.publicKey);
  const privateKey = epochPrivateKey(crypto, seed, keys.privateKey);
  const token = minuteToken(crypto, seed, 2);
  const tag = tagOf(crypto, publicKey);
  const adverts = ([0, 1, 2] as const).map((kind) => {
    const piece = piecesOf(publicKey)[kind];
    return encodeAdvertisement({
      type: "piece",
      kind,
      status: STATUS_SEPARATED,
      tag,
      piece,
      token,
    });
  });
  const relaySecret = counting(0x40, 32);
  const relayMark = relayMarkOf(crypto, relaySecret, publicKey);
  const sighting = {
    seenAt: 1_767_226_630,
    latitudeE7: 481_371_540,
    longitudeE7: 115_761_240,
    accuracyDm: 85,
    altitudeMetres: 519,
    source: "gnss",
    rssiDbm: -71,
    framesHeard: 14,
    secondsHeard: 9,
    status: STATUS_SEPARATED,
    token,
    relayMark,
    stamp: counting(0x60, 16),
  } as const;
  const ephemeral = counting(0x20, 32);
  const envelope = sealSighting(crypto, ephemeral, publicKey, sighting);
  const putId = putIdOf(crypto, publicKey);
  const getId = getIdOf(crypto, putId);
  const enc = envelope.slice(1, 33);
  const dh = crypto.x25519(privateKey, enc);
  const info = toHex(ascii(HPKE_INFO));
  const { sharedSecret, key, baseNonce } = schedule(toHex(dh), toHex(enc), toHex(publicKey), info);
  const values: readonly (readonly [string, Uint8Array])[] = [
    ["owner key M", ownerKey],
    ["device key K", deviceKey],
    ["day private key d_w", keys.privateKey],
    ["day seed S_w", keys.seed],
    ["day public key B_w", card.publicKey],
    ["seed S_w,1", advanceSeed(crypto, keys.seed, 0, 1)],
    ["seed S_w,2", advanceSeed(crypto, keys.seed, 0, 2)],
    ["seed S_w,3", seed],
    ["blinding r_w,3", blindingOf(crypto, seed)],
    ["epoch public key P", publicKey],
    ["epoch private key s", privateKey],
    ["token key", crypto.kdf(seed, 3, KDF_TOKEN)],
    ["minute token", token],
    ["tag", tag],
    ["advertisement, kind 0", adverts[0] ?? ascii("")],
    ["advertisement, kind 1", adverts[1] ?? ascii("")],
    ["advertisement, kind 2", adverts[2] ?? ascii("")],
    ["put_id", putId],
    ["get_id", getId],
    ["relay secret", relaySecret],
    ["relay mark", relayMark],
    ["sighting", encodeSighting(sighting)],
    ["ephemeral secret", ephemeral],
    ["enc", enc],
    ["X25519(d_w, enc)", crypto.x25519(keys.privateKey, enc)],
    ["dh", dh],
    ["shared_secret", fromHex(sharedSecret)],
    ["key", fromHex(key)],
    ["base_nonce", fromHex(baseNonce)],
    ["associated data", concat(fromHex("01"), putId)],
    ["envelope", envelope],
    ["envelope digest", envelopeDigest(crypto, envelope)],
    ["upload record", encodeUploadBatch([{ putId, envelope }])],
    ["stored record", encodeStoredRecord({ getId, envelope, arrivalStep: 2_945_377 })],
  ];
  return new Map(values.map(([name, bytes]) => [name, toHex(bytes)]));
}

function counting(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_item, index) => first + index);
}
