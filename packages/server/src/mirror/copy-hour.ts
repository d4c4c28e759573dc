import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "@glowworm/platform";
import {
  type CryptoSuite,
  checkFilter,
  checkManifest,
  concat,
  DecodeError,
  decodePage,
  type Filter,
  filterBytesMax,
  HOUR_PAGES_MAX,
  hasFilter,
  type ListedHour,
  type Manifest,
  manifestBytes,
  PAGE_BYTES,
  PATHS,
  STORED_RECORD_BYTES,
} from "@glowworm/protocol";
import { encodeFooter, SPANS } from "../store/embedded/hour-file.ts";
import { UNFINISHED } from "../store/embedded/layout.ts";

const NOTHING = new Uint8Array();

/** Where a copy comes from and goes to. */
export interface CopyJob {
  readonly crypto: CryptoSuite;
  /** The body under a path of the source, at most `maxBytes`. @throws {TransferError} */
  readonly get: (path: string, maxBytes: number) => Promise<Uint8Array>;
  readonly listed: ListedHour;
  /** File to make. */
  readonly to: string;
}

/**
 * Copies a closed hour: checked to the last byte and on disk under its name, or not there at all. Holds one page, and the
 * manifest and filter.
 * @throws {DecodeError} when the source gives something else than it lists.
 * @throws {TransferError} when it gives nothing.
 * @see docs/protocol.md sections 7.4, 7.5 and 7.6
 */
export async function copyHour(job: CopyJob): Promise<Manifest> {
  const { crypto, get, listed, to } = job;
  if (listed.pages > HOUR_PAGES_MAX)
    throw new DecodeError("bad-value", "hours_list.hours.pages", 0);
  const head = await get(PATHS.manifest(listed.hour), manifestBytes(listed.pages));
  const manifest = checkManifest(crypto, listed, head);
  const filter = hasFilter(manifest)
    ? await get(PATHS.filter(listed.hour), filterBytesMax(listed.pages))
    : NOTHING;
  const file = await open(to + UNFINISHED, "w", 0o600);
  try {
    const { pages } = listed;
    const footer = encodeFooter(crypto, { ...listed, filterBytes: filter.length });
    await copyPages(job, manifest, filter, file);
    await writeAll(file, head, SPANS.manifest(pages).offset);
    await writeAll(file, concat(filter, footer), SPANS.filter(pages, 0).offset);
    await file.sync();
    await rename(to + UNFINISHED, to);
  } catch (error) {
    await rm(to + UNFINISHED, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  syncFolder(dirname(to));
  return manifest;
}

async function copyPages(
  { crypto, get, listed }: CopyJob,
  manifest: Manifest,
  filterBytes: Uint8Array,
  file: FileHandle,
): Promise<void> {
  const filter = filterBytes.length > 0 ? checkFilter(crypto, manifest, filterBytes) : null;
  for (const [index, entry] of manifest.pages.entries()) {
    const page = await get(PATHS.page(listed.hour, index), PAGE_BYTES);
    decodePage(crypto, entry, page);
    if (filter !== null) assertInFilter(filter, page);
    await writeAll(file, page, SPANS.page(listed.pages, index).offset);
  }
}

function assertInFilter(filter: Filter, page: Uint8Array): void {
  for (let at = 0; at < page.length; at += STORED_RECORD_BYTES) {
    if (filter.has(page, at)) continue;
    throw new DecodeError("bad-value", "filter", 0, "lacks ids of its hour");
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
