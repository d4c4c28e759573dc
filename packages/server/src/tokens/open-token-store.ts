import type { RandomSource } from "@glowworm/protocol";
import type { ClusterOptions } from "../store/cassandra/open.ts";
import { openEmbeddedTokenStore } from "./embedded-token-store.ts";
import { openInviteBook } from "./invite-book.ts";
import { loadTokenSecret } from "./token-secret.ts";
import type { Invites, TokenStore } from "./token-store.ts";

/** Where admission keeps what it knows: with the reports. */
export interface TokenPlace {
  readonly dataFolder: string;
  /** A cluster instead of the data folder. */
  readonly cluster?: ClusterOptions;
}

/** What a server needs to issue and to take upload tokens. */
export interface OpenTokenStore {
  readonly store: TokenStore;
  /** 32 bytes, the same for all servers over one store. */
  readonly secret: Uint8Array;
}

/**
 * Opens the token store; it and its secret are made when missing. The tables of a cluster are those of the report store,
 * which is opened before.
 * @param onSecret told of the file of a new secret.
 * @throws {Failure}
 */
export async function openTokenStore(
  { dataFolder, cluster }: TokenPlace,
  random: RandomSource,
  onSecret: (path: string) => void,
): Promise<OpenTokenStore> {
  if (cluster === undefined) {
    const secret = await loadTokenSecret(dataFolder, random, onSecret);
    return { secret, store: openEmbeddedTokenStore(dataFolder) };
  }
  // The driver is loaded by those who need it.
  const { openClusterTokenStore } = await import("./cluster-token-store.ts");
  return await openClusterTokenStore(cluster, random);
}

/** Opens the invites, for the command line. Over a cluster only where a server was started before. @throws {Failure} */
export async function openInvites({ dataFolder, cluster }: TokenPlace): Promise<Invites> {
  if (cluster === undefined) return openInviteBook(dataFolder);
  const { openClusterInvites } = await import("./cluster-invites.ts");
  return await openClusterInvites(cluster);
}
