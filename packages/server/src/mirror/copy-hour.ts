import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "@glowworm/platform";
import {
  assertFilterHas,
  concat,
  type Filter,
  type HourSource,
  hasFilter,
  type ListedHour,
  type Manifest,
  pagesOf,
  readFilter,
  readManifest,
  readPage,
} from "@glowworm/protocol";
import { encodeFooter } from "../store/embedded/closed/hour-file.ts";
import { UNFINISHED } from "../store/embedded/layout.ts";

const NOTHING = new Uint8Array();

/** Where a copy comes from and goes to. */
export interface CopyJob extends HourSource {
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
  const { crypto, listed, to } = job;
  const { bytes: head, value: manifest } = await readManifest(job, listed);
  const filter = hasFilter(manifest) ? await readFilter(job, manifest) : null;
  const filterBytes = filter?.bytes ?? NOTHING;
  const file = await open(to + UNFINISHED, "w", 0o600);
  try {
    const footer = encodeFooter(crypto, { ...listed, filterBytes: filterBytes.length });
    await file.appendFile(head);
    await copyPages(job, manifest, filter?.value ?? null, file);
    await file.appendFile(concat(filterBytes, footer));
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
  job: CopyJob,
  manifest: Manifest,
  filter: Filter | null,
  file: FileHandle,
): Promise<void> {
  for (const place of pagesOf(manifest)) {
    const page = await readPage(job, place);
    if (filter !== null) assertFilterHas(filter, page);
    await file.appendFile(page);
  }
}
