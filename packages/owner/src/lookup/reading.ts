import type { Transfer, TransferDeps } from "@glowworm/platform";
import type { CryptoSuite, HourSource, RandomSource } from "@glowworm/protocol";
import type { CacheTrouble } from "../cache-trouble.ts";
import type { HitPages } from "./hit-pages.ts";
import type { SearchedHours } from "./searched-hours.ts";

/** What a lookup is made with. */
export interface LookupDeps extends TransferDeps {
  readonly crypto: CryptoSuite;
  /** Shuffles and delays what is asked for a hit. */
  readonly random: RandomSource;
  readonly cacheFolder: string;
  /** Told why the cache does not take or give something. */
  readonly trouble: CacheTrouble;
  /** Base URL of a mirror whose list is compared with the server's. */
  readonly compareUrl?: string | undefined;
  /** Pages that were fetched for this device before. */
  readonly hitPages: HitPages;
  /** What filters were searched for this device before. */
  readonly searchedHours: SearchedHours;
  readonly onProgress: (
    stage: "kept" | "open" | "closed" | "filters" | "hits",
    done: number,
    total: number,
  ) => void;
}

/** Receives records, 133 bytes each, back to back. */
export type OnRecords = (records: Uint8Array) => void;

/** As many as browsers open to one host. */
export const PARALLEL: number = 6;

/** The server as closed hours are read of it. */
export function sourceOf({ crypto }: LookupDeps, transfer: Transfer): HourSource {
  return { crypto, get: (path, maxBytes) => transfer.get(path, maxBytes) };
}
