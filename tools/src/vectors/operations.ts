import {
  advanceSeed,
  arrivalStepEnd,
  arrivalStepOf,
  blindingOf,
  blindScalar,
  checkFilter,
  dayCardOf,
  decodeAdvertisement,
  decodeCardFile,
  decodeDayShare,
  decodeFilter,
  decodeFrame,
  decodeManifest,
  decodePage,
  decodeRecords,
  decodeSighting,
  decodeStoredRecord,
  deriveDayKeys,
  deriveDeviceKey,
  encodeAdvertisement,
  encodeCardFile,
  encodeDayShare,
  encodeFrame,
  encodeManifest,
  encodeRecords,
  encodeSighting,
  encodeStoredRecord,
  encodeUploadBatch,
  envelopeDigest,
  epochOf,
  epochOpener,
  epochPrivateKey,
  epochPublicKey,
  epochStart,
  type Frame,
  filterHash,
  getIdOf,
  hourOf,
  hourOfSegment,
  hourPadding,
  joinPieces,
  manifestHash,
  minuteInEpoch,
  minuteToken,
  openEnvelope,
  paddingRecord,
  pageEntryOf,
  putIdOf,
  relayMarkOf,
  STORABLE_RECORD_BYTES,
  sealSighting,
  segmentOf,
  segmentPadding,
  stampOf,
  storableRecords,
  tagOf,
  toHex,
} from "@glowworm/protocol";
import type { Computed, JsonObject, Operation } from "./model.ts";
import {
  bytesInTurn,
  cardJson,
  cardOf,
  entryJson,
  entryOf,
  frameJson,
  frameOf,
  numberedPage,
  pieceOf,
  repeated,
  sightingJson,
  sightingOf,
  storedOf,
} from "./shapes.ts";
import { TOKEN_OPERATIONS } from "./token-operations.ts";

/** Every operation a vector may name. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...TOKEN_OPERATIONS,
  epochOf: (_crypto, input) => {
    const at = input.number("at");
    const ref = epochOf(at);
    return ok({ ...ref, start: epochStart(ref), minute: minuteInEpoch(at) });
  },
  deriveEpoch,
  blindScalar: (_crypto, input) =>
    ok({ scalar: toHex(blindScalar(input.bytes("blinding"), input.bytes("dayPrivateKey"))) }),
  agree: (crypto, input) => {
    const scalar = blindScalar(input.bytes("blinding"), input.bytes("dayPrivateKey"));
    return ok({ dh: toHex(crypto.x25519(scalar, input.bytes("enc"))) });
  },
  encodeCardFile: (crypto, input) => {
    const cards = input.objects("cards").map(cardOf);
    return bytesOf(encodeCardFile(crypto, { createdAt: input.number("createdAt"), cards }));
  },
  decodeCardFile: (crypto, input) => {
    const { createdAt, cards } = decodeCardFile(crypto, input.bytes("bytes"));
    return ok({ createdAt, cards: cards.map(cardJson) });
  },
  encodeDayShare: (_crypto, input) =>
    bytesOf(
      encodeDayShare({
        day: input.number("day"),
        privateKey: input.bytes("privateKey"),
        seed: input.bytes("seed"),
      }),
    ),
  decodeDayShare: (_crypto, input) => {
    const { day, privateKey, seed } = decodeDayShare(input.bytes("bytes"));
    return ok({ day, privateKey: toHex(privateKey), seed: toHex(seed) });
  },
  encodeFrame: (_crypto, input) => {
    const frame = frameOf(input);
    return ok({
      frame: toHex(encodeFrame(frame)),
      advertisement: toHex(encodeAdvertisement(frame)),
    });
  },
  decodeFrame: (_crypto, input) => frameOrNull(decodeFrame(input.bytes("bytes"))),
  decodeAdvertisement: (_crypto, input) => frameOrNull(decodeAdvertisement(input.bytes("bytes"))),
  joinPieces: (crypto, input) => {
    const key = joinPieces(crypto, pieceOf(input.bytes("a")), pieceOf(input.bytes("b")));
    return key === null ? null : ok({ publicKey: toHex(key) });
  },
  ids: (crypto, input) => {
    const publicKey = input.bytes("publicKey");
    const putId = putIdOf(crypto, publicKey);
    return ok({
      tag: toHex(tagOf(crypto, publicKey)),
      putId: toHex(putId),
      getId: toHex(getIdOf(crypto, putId)),
    });
  },
  relayMark: (crypto, input) =>
    ok({
      relayMark: toHex(relayMarkOf(crypto, input.bytes("relaySecret"), input.bytes("publicKey"))),
    }),
  stamp: (crypto, input) => {
    const sighting = sightingOf(input.object("sighting"));
    return ok({
      stamp: toHex(stampOf(crypto, input.bytes("key"), sighting, input.bytes("putId"))),
    });
  },
  envelopeDigest: (crypto, input) =>
    ok({ digest: toHex(envelopeDigest(crypto, input.bytes("envelope"))) }),
  encodeSighting: (_crypto, input) => bytesOf(encodeSighting(sightingOf(input.object("sighting")))),
  decodeSighting: (_crypto, input) =>
    ok({ sighting: sightingJson(decodeSighting(input.bytes("bytes"))) }),
  seal: (crypto, input) => {
    const publicKey = input.bytes("publicKey");
    const sighting = sightingOf(input.object("sighting"));
    const envelope = sealSighting(crypto, input.bytes("ephemeralSecret"), publicKey, sighting);
    return ok({ envelope: toHex(envelope) });
  },
  open: (crypto, input) => {
    const scalar = blindScalar(input.bytes("blinding"), input.bytes("dayPrivateKey"));
    const sighting = openEnvelope(crypto, epochOpener(crypto, scalar), input.bytes("envelope"));
    return sighting === null ? null : ok({ sighting: sightingJson(sighting) });
  },
  encodeUploadBatch: (_crypto, input) =>
    bytesOf(
      encodeUploadBatch(
        input
          .objects("records")
          .map((item) => ({ putId: item.bytes("putId"), envelope: item.bytes("envelope") })),
      ),
    ),
  decodeUploadBatch: (crypto, input) => {
    const records = storableRecords(crypto, repeated(input));
    return ok({
      records: records.length / STORABLE_RECORD_BYTES,
      lastStorable: toHex(records.slice(-STORABLE_RECORD_BYTES)),
    });
  },
  encodeStoredRecord: (_crypto, input) => bytesOf(encodeStoredRecord(storedOf(input))),
  decodeStoredRecord: (_crypto, input) => {
    const { getId, envelope, arrivalStep } = decodeStoredRecord(input.bytes("bytes"));
    return ok({ getId: toHex(getId), envelope: toHex(envelope), arrivalStep });
  },
  arrivalStep: (_crypto, input) => {
    const step = arrivalStepOf(input.number("at"));
    return ok({ step, end: arrivalStepEnd(step) });
  },
  paddingRecord: (crypto, input) => {
    const random = { bytes: bytesInTurn(input.bytes("random")) };
    return bytesOf(encodeStoredRecord(paddingRecord(crypto, random, input.number("arrivalStep"))));
  },
  publishedAt: (_crypto, input) => {
    const segment = segmentOf(input.number("at"));
    return ok({ hour: hourOf(input.number("at")), segment, hourOfSegment: hourOfSegment(segment) });
  },
  padding: (_crypto, input) => {
    const count = input.number("count");
    return ok({ segment: segmentPadding(count), hour: hourPadding(count) });
  },
  encodeRecords: (_crypto, input) => bytesOf(encodeRecords(input.objects("records").map(storedOf))),
  decodeRecords: (_crypto, input) => {
    const records = decodeRecords(repeated(input));
    return ok({ getIds: records.map((record) => toHex(record.getId)) });
  },
  pageEntry: (crypto, input) => ok(entryJson(pageEntryOf(crypto, numberedPage(input)))),
  decodePage: (crypto, input) => {
    const records = decodePage(crypto, entryOf(input.object("entry")), numberedPage(input));
    return ok({ records: records.length });
  },
  encodeManifest: (crypto, input) => {
    const bytes = encodeManifest({
      hour: input.number("hour"),
      recordCount: input.number("recordCount"),
      previous: input.bytes("previous"),
      filter: input.bytes("filter"),
      pages: input.objects("pages").map(entryOf),
    });
    return ok({ bytes: toHex(bytes), hash: toHex(manifestHash(crypto, bytes)) });
  },
  decodeFilter: readFilter,
  checkFilter: fittingFilter,
  decodeManifest: (_crypto, input) => {
    const manifest = decodeManifest(input.bytes("bytes"));
    return ok({
      hour: manifest.hour,
      recordCount: manifest.recordCount,
      previous: toHex(manifest.previous),
      filter: toHex(manifest.filter),
      pages: manifest.pages.map(entryJson),
    });
  },
};

function readFilter(...[crypto, input]: Parameters<Operation>): Computed {
  const bytes = input.bytes("bytes");
  const filter = decodeFilter(bytes);
  const has = input.objects("probes").map((probe) => (filter.has(probe.bytes("getId")) ? 1 : 0));
  return ok({ hash: toHex(filterHash(crypto, bytes)), has });
}

function fittingFilter(...[crypto, input]: Parameters<Operation>): Computed {
  const pages = input.objects("pages").map(entryOf);
  const filter = input.bytes("filter");
  const manifest = { hour: 0, recordCount: 0, previous: new Uint8Array(), filter, pages };
  checkFilter(crypto, manifest, input.bytes("bytes"));
  return ok({ pages: pages.length });
}

function deriveEpoch(...[crypto, input]: Parameters<Operation>): Computed {
  const deviceKey = deriveDeviceKey(crypto, input.bytes("ownerKey"), input.number("deviceNumber"));
  const keys = deriveDayKeys(crypto, deviceKey, input.number("day"));
  const card = dayCardOf(crypto, keys);
  const seed = advanceSeed(crypto, keys.seed, 0, input.number("epoch"));
  const publicKey = epochPublicKey(crypto, seed, card.publicKey);
  return {
    intermediate: {
      deviceKey: toHex(deviceKey),
      dayPrivateKey: toHex(keys.privateKey),
      daySeed: toHex(keys.seed),
      dayPublicKey: toHex(card.publicKey),
      seed: toHex(seed),
      blinding: toHex(blindingOf(crypto, seed)),
    },
    output: {
      publicKey: toHex(publicKey),
      privateKey: toHex(epochPrivateKey(crypto, seed, keys.privateKey)),
      token: toHex(minuteToken(crypto, seed, input.number("minute"))),
    },
  };
}

function ok(output: JsonObject): Computed {
  return { output };
}

function bytesOf(bytes: Uint8Array): Computed {
  return ok({ bytes: toHex(bytes) });
}

function frameOrNull(frame: Frame | null): Computed | null {
  return frame === null ? null : ok(frameJson(frame));
}
