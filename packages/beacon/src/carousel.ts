import {
  type CryptoSuite,
  EPOCH_SECONDS,
  encodeAdvertisement,
  epochPublicKey,
  minuteToken,
  type PieceKind,
  piecesOf,
  type RandomSource,
  STATUS_SEPARATED,
  TOKEN_SECONDS,
  tagOf,
} from "@glowworm/protocol";

/** All that is on the air in one epoch. */
export interface Broadcast {
  readonly tag: Uint8Array;
  readonly pieces: readonly [Uint8Array, Uint8Array, Uint8Array];
  /** One for each minute of the epoch. */
  readonly tokens: readonly Uint8Array[];
}

/** What an epoch broadcasts, from its seed `S_{w,e}` and the public key `B_w` of its day. */
export function broadcastOf(
  crypto: CryptoSuite,
  keys: { readonly seed: Uint8Array; readonly publicKey: Uint8Array },
): Broadcast {
  const publicKey = epochPublicKey(crypto, keys.seed, keys.publicKey);
  const minutes = Array.from({ length: EPOCH_SECONDS / TOKEN_SECONDS }, (_, minute) => minute);
  return {
    tag: tagOf(crypto, publicKey),
    pieces: piecesOf(publicKey),
    tokens: minutes.map((minute) => minuteToken(crypto, keys.seed, minute)),
  };
}

/**
 * The kind to send next, drawn from the two others: a strict cycle can fall into step with a scanner's windows, and
 * independent draws send a third of the frames twice.
 */
export function nextKind(last: PieceKind, random: RandomSource): PieceKind {
  const [draw = 0] = random.bytes(1);
  return ((last + 1 + (draw & 1)) % 3) as PieceKind;
}

/** Advertising data of one frame, 31 bytes. @see docs/protocol.md section 5.3 */
export function advertisementOf(broadcast: Broadcast, kind: PieceKind, minute: number): Uint8Array {
  const token = broadcast.tokens[minute];
  if (token === undefined) throw new RangeError(`minute ${minute} of ${broadcast.tokens.length}`);
  return encodeAdvertisement({
    type: "piece",
    kind,
    status: STATUS_SEPARATED,
    tag: broadcast.tag,
    piece: broadcast.pieces[kind],
    token,
  });
}
