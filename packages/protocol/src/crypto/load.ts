import { nodePrimitives } from "./node.ts";
import { loadSodium } from "./sodium.ts";
import type { CryptoSuite } from "./suite.ts";

/**
 * The suite every role uses. X25519 and HMAC come from `node:crypto`, the rest from libsodium: each from where it
 * is fastest. Both give the same bytes and the same refusals, which tests prove.
 */
export async function loadCrypto(): Promise<CryptoSuite> {
  const sodium = await loadSodium();
  const { x25519, agreement, hmacSha256 } = nodePrimitives;
  return { ...sodium, x25519, agreement, hmacSha256 };
}
