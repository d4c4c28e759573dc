import { toHex } from "@glowworm/protocol";

const ID_BYTES = 4;

/** How a request for tokens was taken. */
export type Grant = "granted" | "unknown" | "used-up";

/** What an operator sees of an invite: when tokens were last issued for it, never what was uploaded. */
export interface Invite {
  /** First 4 bytes of its hash, lowercase hex: names it on the command line. */
  readonly id: string;
  readonly name: string;
  readonly tokensPerDay: number;
  /** UTC day numbers. */
  readonly madeDay: number;
  /** Last day on which it is good, or null when it does not end. */
  readonly lastDay: number | null;
  /** Last day on which tokens were issued for it, or null. */
  readonly issueDay: number | null;
}

/** An invite to be. */
export type NewInvite = Pick<Invite, "name" | "tokensPerDay" | "madeDay" | "lastDay">;

/** Who may upload. The command line changes it while servers run, and all see the same. */
export interface Invites {
  /** Adds an invite by its hash of 32 bytes; durable when it resolves. */
  add(inviteHash: Uint8Array, invite: NewInvite): Promise<void>;
  /** All invites, the oldest first. */
  list(): Promise<readonly Invite[]>;
  /** Takes an invite back; false when there is none of this id. */
  remove(id: string): Promise<boolean>;
  /**
   * Counts tokens of a day to an invite, named by its hash of 32 bytes. A yes is durable. An invite that was taken back
   * or has ended is as unknown as one that never was. One that was used on a later day is used up: servers whose clocks
   * differ at midnight would otherwise begin it anew by turns.
   */
  take(inviteHash: Uint8Array, day: number, count: number): Promise<Grant>;
  close(): Promise<void>;
}

/**
 * What must be known of invites and of spent upload tokens. Several servers over one cluster share it, or a token could
 * be spent once at each.
 * @see docs/protocol.md section 8.6
 */
export interface TokenStore {
  /** As `Invites.take`. @throws {StoreUnavailableError} */
  take: Invites["take"];
  /**
   * Binds a token of a day, by its nonce of 32 bytes, to a mark of 16 bytes; false when it is bound to another one, or what
   * was bound on its day is forgotten. A yes survives the end of the process.
   * @throws {StoreUnavailableError}
   */
  bind(day: number, nonce: Uint8Array, mark: Uint8Array): Promise<boolean>;
  /** Forgets what was bound to tokens of days before this one. @throws {StoreUnavailableError} */
  dropBefore(day: number): Promise<void>;
  close(): Promise<void>;
}

/** Name of an invite on the command line, from its hash. */
export function inviteIdOf(hash: Uint8Array): string {
  return toHex(hash.slice(0, ID_BYTES));
}
