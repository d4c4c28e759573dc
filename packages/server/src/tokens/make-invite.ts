import {
  type CryptoSuite,
  encodeInvite,
  INVITE_BYTES,
  inviteHash,
  type RandomSource,
} from "@glowworm/protocol";
import { type Invites, inviteIdOf } from "./token-store.ts";

/** What an operator asks for. */
export interface InviteOrder {
  readonly name: string;
  readonly tokensPerDay: number;
  /** UTC days for which it is good, today included; null for ever. */
  readonly days: number | null;
  /** UTC day number. */
  readonly today: number;
}

/** Makes an invite. Its text is nowhere but in what this returns. */
export async function makeInvite(
  world: { readonly crypto: CryptoSuite; readonly random: RandomSource; readonly invites: Invites },
  { name, tokensPerDay, days, today }: InviteOrder,
): Promise<{ readonly id: string; readonly text: string; readonly lastDay: number | null }> {
  const { crypto, random, invites } = world;
  const secret = random.bytes(INVITE_BYTES);
  const hash = inviteHash(crypto, secret);
  const lastDay = days === null ? null : today + days - 1;
  await invites.add(hash, { name, tokensPerDay, madeDay: today, lastDay });
  return { id: inviteIdOf(hash), text: encodeInvite(crypto, secret), lastDay };
}
