import type { TransferDeps } from "@glowworm/platform";
import type { CryptoSuite, RandomSource } from "@glowworm/protocol";
import type { HitPages } from "./hit-pages.ts";

/** What a lookup is made with. */
export interface LookupDeps extends TransferDeps {
  readonly crypto: CryptoSuite;
  /** Shuffles and delays what is asked for a hit. */
  readonly random: RandomSource;
  readonly cacheFolder: string;
  /** Base URL of a mirror whose list is compared with the server's. */
  readonly compareUrl?: string | undefined;
  /** Pages that were fetched for this device before. */
  readonly hitPages: HitPages;
  readonly onProgress: (stage: "open" | "closed" | "hits", done: number, total: number) => void;
}

/** Receives records, 133 bytes each, back to back. */
export type OnRecords = (records: Uint8Array) => void;

/** As many as browsers open to one host. */
export const PARALLEL: number = 6;
