import { Failure, folderTrouble, isThere } from "@glowworm/platform";
import type { CryptoSuite } from "@glowworm/protocol";
import { Layout } from "../layout.ts";
import { formatOf, STORE_FORMAT } from "../migration/format.ts";
import type { OpenDatabase } from "../open/open-hour-file.ts";

/** What the tools of an operator stand on. All of them but `restoreStore` work beside a running server. */
export interface ToolWorld {
  readonly crypto: CryptoSuite;
  /** Opens a database for reading; throws `ENOENT` when it is not there. */
  readonly openForReading: OpenDatabase;
  /** Called often; rejects when the work is to end. */
  readonly pause: () => Promise<void>;
}

/** A file that is not what was written. */
export interface DamagedFile {
  readonly path: string;
  readonly reason: string;
}

/** The layout of a data folder or a backup. @throws {Failure} when there is none, or it has another version. */
export function layoutOf(folder: string, option: string): Layout {
  const layout = new Layout(folder);
  if (!isStore(layout, option)) {
    throw new Failure(
      "usage",
      `${option}: ${folder} holds no reports of a server`,
      `name the folder that the server runs with: ${option} DIR`,
    );
  }
  if (formatOf(layout) === STORE_FORMAT) return layout;
  throw new Failure(
    "failure",
    `${option}: ${folder} was written by an older program, or is not finished`,
    "start the server with it once, or finish the backup",
  );
}

/** @throws {Failure} when this user may not know. */
function isStore({ root, format, lock }: Layout, option: string): boolean {
  try {
    return isThere(format) || isThere(lock);
  } catch (error) {
    throw folderTrouble(error, root, option) ?? error;
  }
}
