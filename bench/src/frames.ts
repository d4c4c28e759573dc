import {
  type CryptoSuite,
  decodeAdvertisement,
  encodeAdvertisement,
  type PieceKind,
  piecesOf,
  type RandomSource,
  STATUS_SEPARATED,
  tagOf,
} from "@glowworm/protocol";
import { compare, type Row } from "./measure.ts";

const FRAMES = 1000;

/** Frame parsing, beside what it costs to touch and copy the same bytes at all. */
export async function benchFrames(
  crypto: CryptoSuite,
  random: RandomSource,
): Promise<readonly Row[]> {
  const adverts = Array.from({ length: FRAMES }, (_, index) => advert(crypto, random, index));
  let sink = 0;
  const row = await compare(
    "parse frames",
    "frames/s",
    () => {
      for (const data of adverts) sink += decodeAdvertisement(data)?.status ?? 0;
      return FRAMES;
    },
    "copying the same 31 bytes twice",
    () => {
      for (const data of adverts) sink += data.slice().slice().length;
      return FRAMES;
    },
  );
  if (sink === 0) throw new Error("no frame was parsed");
  return [row];
}

function advert(crypto: CryptoSuite, random: RandomSource, index: number): Uint8Array {
  const publicKey = random.bytes(32);
  const kind = (index % 3) as PieceKind;
  return encodeAdvertisement({
    type: "piece",
    kind,
    status: STATUS_SEPARATED,
    tag: tagOf(crypto, publicKey),
    piece: piecesOf(publicKey)[kind],
    token: random.bytes(4),
  });
}
