/** How a request for tokens was taken. */
export type Grant = "granted" | "unknown" | "used-up";

/**
 * What must be known of invites and of spent upload tokens. Several servers over one cluster have to share it, or a token
 * can be spent once at each.
 * @see docs/protocol.md section 8.6
 */
export interface TokenStore {
  /**
   * Counts tokens of a day to an invite, named by its hash of 32 bytes. A yes is durable. An invite that was taken back
   * or has ended is as unknown as one that never was.
   * @throws {StoreUnavailableError}
   */
  take(inviteHash: Uint8Array, day: number, count: number): Promise<Grant>;
  /**
   * Binds a token of a day, by its nonce of 32 bytes, to a mark of 16 bytes; false when it is bound to another one. A
   * yes survives the end of the process.
   * @throws {StoreUnavailableError}
   */
  bind(day: number, nonce: Uint8Array, mark: Uint8Array): Promise<boolean>;
  /** Forgets what was bound to tokens of days before this one. @throws {StoreUnavailableError} */
  dropBefore(day: number): Promise<void>;
  close(): Promise<void>;
}
