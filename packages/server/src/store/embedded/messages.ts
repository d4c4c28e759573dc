import type { ExitName } from "@glowworm/platform";
import type { UnixSeconds } from "@glowworm/protocol";
import type { Published } from "../report-store.ts";

/** What the writing thread is started with. */
export interface WriterSettings {
  readonly folder: string;
  readonly retentionDays: number;
  readonly minFreeBytes: number;
}

/** What the writing thread is asked. */
export type WriterRequest =
  /** `seed`: 32 random bytes from which the keys of this process are drawn. */
  | { readonly kind: "open"; readonly now: UnixSeconds; readonly seed: Uint8Array }
  /** `records`: 129 bytes each. */
  | { readonly kind: "commit"; readonly at: UnixSeconds; readonly records: Uint8Array }
  | { readonly kind: "close-segments"; readonly now: UnixSeconds }
  /** Closes one hour, if any is due. */
  | { readonly kind: "close-hour"; readonly now: UnixSeconds }
  /** A closed hour was found damaged by who read it. */
  | { readonly kind: "damaged-hour"; readonly hour: number }
  /** So was a closed segment of an open hour, or it was not found: it may be missing, or have gone with its hour. */
  | { readonly kind: "damaged-segment"; readonly segment: number }
  | { readonly kind: "close" };

/** What it answers. */
export interface WriterReply {
  readonly state: WriterState;
}

/** Asks a writer: `Writer` itself, or the thread in which it lives. */
export interface WriterClient {
  /** @throws {Failure} when a person has to mend it. @throws {StoreUnavailableError} when the disk refuses. */
  ask(request: WriterRequest): Promise<WriterReply>;
}

/** What the other thread knows of the store, as of the newest reply. */
export interface WriterState {
  readonly arrivalFloor: number;
  /** First segment of an open hour that is not closed yet, though perhaps nothing enters it any more. */
  readonly openFrom: number;
  /** Sent only when it may have changed since the reply before. */
  readonly published: Published | null;
  /** Whether there is no room for reports. */
  readonly isFull: boolean;
  readonly damaged: readonly string[];
}

/** An error on its way between threads: classes do not survive the passage. */
export interface WriterError {
  readonly message: string;
  /** Present when a person has to mend it. */
  readonly failure: { readonly exit: ExitName; readonly remedy: string } | null;
  /** It is a `StoreFullError`. */
  readonly isFull: boolean;
  /** Present when it is a `StoreBusyError`. */
  readonly busy: { readonly retrySeconds: number | null } | null;
}

export type WriterMessage =
  | { readonly id: number; readonly reply: WriterReply }
  | { readonly id: number; readonly error: WriterError };
