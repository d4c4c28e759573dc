import type { CryptoSuite } from "@glowworm/protocol";
import type { TransferDeps } from "./transfer.ts";

/** What a lookup is made with. */
export interface LookupDeps extends TransferDeps {
  readonly crypto: CryptoSuite;
  readonly cacheFolder: string;
  readonly onProgress: (stage: "open" | "closed", done: number, total: number) => void;
}

/** Receives records, 133 bytes each, back to back. */
export type OnRecords = (records: Uint8Array) => void;

/** As many as browsers open to one host. */
export const PARALLEL: number = 6;
