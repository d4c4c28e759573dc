import { DAY_SECONDS, equalBytes, KEY_BYTES, type RandomSource } from "@glowworm/protocol";
import { type ClusterOptions, connected } from "../store/cassandra/open.ts";
import { findSchema, type Tables } from "../store/cassandra/schema.ts";
import { bytesOf, type Session } from "../store/cassandra/session.ts";
import { ClusterInvites } from "./cluster-invites.ts";
import type { OpenTokenStore } from "./open-token-store.ts";
import type { Grant, TokenStore } from "./token-store.ts";

/**
 * A token is accepted on two days, and clocks differ by less than one. That a row's expiry says when the token was spent
 * adds nothing: so does the ballot of its transaction, which nothing rounds.
 */
const KEPT_SECONDS = 3 * DAY_SECONDS;

/** Invites and spent tokens of all servers over one cluster. */
class ClusterTokenStore implements TokenStore {
  readonly #session: Session;
  readonly #tables: Tables;
  readonly #invites: ClusterInvites;

  constructor(session: Session, tables: Tables) {
    this.#session = session;
    this.#tables = tables;
    this.#invites = new ClusterInvites(session, tables);
  }

  /** The secret that the day keys of upload tokens come from, 32 bytes: that of the server which asked first. */
  async secret(random: RandomSource): Promise<Uint8Array> {
    const made = random.bytes(KEY_BYTES);
    const standing = await this.#session.decide(
      `INSERT INTO ${this.#tables("secrets")} (name, value) VALUES ('tokens', ?) IF NOT EXISTS`,
      [made],
    );
    return standing === null ? made : bytesOf(standing, "value");
  }

  async take(inviteHash: Uint8Array, day: number, count: number): Promise<Grant> {
    return await this.#invites.take(inviteHash, day, count);
  }

  async bind(day: number, nonce: Uint8Array, mark: Uint8Array): Promise<boolean> {
    const standing = await this.#session.decide(
      `INSERT INTO ${this.#tables("spent_tokens")} (day, nonce, mark) VALUES (?, ?, ?)
       IF NOT EXISTS USING TTL ${KEPT_SECONDS}`,
      [day, nonce, mark],
    );
    return standing === null || equalBytes(bytesOf(standing, "mark"), mark);
  }

  /** They go by themselves. */
  async dropBefore(): Promise<void> {}

  async close(): Promise<void> {
    await this.#invites.close();
  }
}

/** Opens the token store of a cluster whose tables are there. @throws {Failure} */
export async function openClusterTokenStore(
  cluster: ClusterOptions,
  random: RandomSource,
): Promise<OpenTokenStore> {
  return await connected(cluster, findSchema, async (session, tables) => {
    const store = new ClusterTokenStore(session, tables);
    return { store, secret: await store.secret(random) };
  });
}
