import {
  ALTITUDE_UNKNOWN,
  concat,
  type DayCard,
  decodeFrame,
  type Frame,
  type PageEntry,
  type PieceFrame,
  type PieceKind,
  POSITION_SOURCES,
  type Sighting,
  type StoredRecord,
  toHex,
  UsageError,
} from "@glowworm/protocol";
import type { Input, JsonObject } from "./model.ts";

/** A page of numbered records: equal but for the first four bytes of their ids, which count from 0. */
export function numberedPage(input: Input): Uint8Array {
  const record = input.bytes("record");
  const pages = Array.from({ length: input.number("count") }, (_item, index) => {
    const numbered = record.slice();
    new DataView(numbered.buffer).setUint32(0, index);
    return numbered;
  });
  return concat(...pages);
}

/** A sighting from the fields of a vector. */
export function sightingOf(input: Input): Sighting {
  const source = POSITION_SOURCES.find((name) => name === input.text("source"));
  if (source === undefined) throw new UsageError("source: unknown");
  return {
    seenAt: input.number("seenAt"),
    latitudeE7: input.number("latitudeE7"),
    longitudeE7: input.number("longitudeE7"),
    accuracyDm: input.number("accuracyDm"),
    altitudeMetres: input.number("altitudeMetres"),
    source,
    rssiDbm: input.number("rssiDbm"),
    framesHeard: input.number("framesHeard"),
    secondsHeard: input.number("secondsHeard"),
    status: input.number("status"),
    token: input.bytes("token"),
    relayMark: input.bytes("relayMark"),
    stamp: input.bytes("stamp"),
  };
}

/** The fields of a vector from a sighting. */
export function sightingJson(sighting: Sighting): JsonObject {
  const { token, relayMark, stamp, ...numbers } = sighting;
  return { ...numbers, token: toHex(token), relayMark: toHex(relayMark), stamp: toHex(stamp) };
}

/** A sighting every case starts from. */
export const PLAIN_SIGHTING: JsonObject = {
  seenAt: 1_767_225_725,
  latitudeE7: 481_234_567,
  longitudeE7: -115_987_654,
  accuracyDm: 85,
  altitudeMetres: ALTITUDE_UNKNOWN,
  source: "gnss",
  rssiDbm: -71,
  framesHeard: 14,
  secondsHeard: 9,
  status: 4,
  token: "a1b2c3d4",
  relayMark: "0102030405060708",
  stamp: "101112131415161718191a1b1c1d1e1f",
};

/** `bytes`, as many times as `repeat` says. */
export function repeated(input: Input): Uint8Array {
  const times = input.number("repeat");
  return concat(...Array.from({ length: times }, () => input.bytes("bytes")));
}

/** The last of a list that is not empty. */
export function lastOf<T>(items: readonly T[]): T {
  const last = items.at(-1);
  if (last === undefined) throw new UsageError("list: expected at least one");
  return last;
}

/** A source of randomness that gives out the bytes of a vector. */
export function bytesInTurn(stream: Uint8Array): (length: number) => Uint8Array {
  let at = 0;
  return (length) => {
    at += length;
    return stream.slice(at - length, at);
  };
}

/** A day card from the fields of a vector. */
export function cardOf(input: Input): DayCard {
  return {
    day: input.number("day"),
    publicKey: input.bytes("publicKey"),
    seed: input.bytes("seed"),
  };
}

/** The fields of a vector from a day card. */
export function cardJson(card: DayCard): JsonObject {
  return { day: card.day, publicKey: toHex(card.publicKey), seed: toHex(card.seed) };
}

/** A stored record from the fields of a vector. */
export function storedOf(input: Input): StoredRecord {
  return {
    getId: input.bytes("getId"),
    envelope: input.bytes("envelope"),
    arrivalStep: input.number("arrivalStep"),
  };
}

/** A page entry from the fields of a vector. */
export function entryOf(input: Input): PageEntry {
  return {
    firstId: input.bytes("firstId"),
    lastId: input.bytes("lastId"),
    hash: input.bytes("hash"),
  };
}

/** The fields of a vector from a page entry. */
export function entryJson(entry: PageEntry): JsonObject {
  return {
    firstId: toHex(entry.firstId),
    lastId: toHex(entry.lastId),
    hash: toHex(entry.hash),
  };
}

/** A frame from the fields of a vector. */
export function frameOf(input: Input): Frame {
  const status = input.number("status");
  const token = input.bytes("token");
  if (input.text("type") === "whole") {
    return { type: "whole", status, publicKey: input.bytes("publicKey"), token };
  }
  const kind = input.number("kind") as PieceKind;
  return {
    type: "piece",
    kind,
    status,
    tag: input.bytes("tag"),
    piece: input.bytes("piece"),
    token,
  };
}

/** The piece frame in these bytes. */
export function pieceOf(bytes: Uint8Array): PieceFrame {
  const frame = decodeFrame(bytes);
  if (frame?.type !== "piece") throw new UsageError("frame: expected a piece");
  return frame;
}

/** The fields of a vector from a frame. */
export function frameJson(frame: Frame): JsonObject {
  const { type, status } = frame;
  const token = toHex(frame.token);
  if (frame.type === "whole") return { type, status, publicKey: toHex(frame.publicKey), token };
  const { kind } = frame;
  return { type, kind, status, tag: toHex(frame.tag), piece: toHex(frame.piece), token };
}
