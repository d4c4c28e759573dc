import { publicOf, x25519 } from "./curve.ts";
import { hexHash, kdf, labelled } from "./hashes.ts";
import { part } from "./hex.ts";

/** Everything that is derived for one minute of one epoch of one device. */
export function deriveEpoch(
  ownerKey: string,
  deviceNumber: number,
  day: number,
  epoch: number,
  minute: number,
): Record<string, string> {
  const deviceKey = kdf(ownerKey, deviceNumber, "gw1devic");
  const dayPrivateKey = kdf(deviceKey, day, "gw1dayk_");
  const daySeed = kdf(deviceKey, day, "gw1days_");
  let seed = daySeed;
  for (let step = 0; step < epoch; step++) seed = kdf(seed, 2, "gw1chain");
  const blinding = kdf(seed, 1, "gw1blind");
  const dayPublicKey = publicOf(dayPrivateKey);
  const publicKey = x25519(blinding, dayPublicKey) ?? "";
  const minuteByte = minute.toString(16).padStart(2, "0");
  const token = part(hexHash(16, minuteByte, kdf(seed, 3, "gw1token")), 0, 4);
  return {
    deviceKey,
    dayPrivateKey,
    daySeed,
    dayPublicKey,
    seed,
    blinding,
    publicKey,
    token,
    ...ids(publicKey),
  };
}

/** Tag and ids of a public key. */
export function ids(publicKey: string): { tag: string; putId: string; getId: string } {
  const putId = labelled(32, "glowworm/1 put", publicKey);
  return {
    tag: part(labelled(16, "glowworm/1 tag", publicKey), 0, 6),
    putId,
    getId: labelled(16, "glowworm/1 get", putId),
  };
}
