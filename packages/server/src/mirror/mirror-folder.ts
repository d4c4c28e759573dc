import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  Failure,
  type FolderLock,
  folderTrouble,
  lockFolder,
  readFileIfAny,
  replaceFile,
} from "@glowworm/platform";
import { ascii, type Clock } from "@glowworm/protocol";
import { Layout } from "../store/embedded/layout.ts";
import { formatOf, markFormat } from "../store/embedded/migration/format.ts";
import { ReachBack } from "./reach-back.ts";

/** A folder of copies: of one source for ever, and in use by one mirror at a time. */
export class MirrorFolder {
  readonly #root: string;
  readonly #layout: Layout;
  readonly #lock: FolderLock;
  readonly #floorPath: string;
  readonly #reach: ReachBack;
  #floor = 0;

  /**
   * @param source base URL of the server whose hours these are.
   * @throws {Failure} when the folder is in use, or is not one of copies of this source.
   */
  constructor(root: string, source: string, clock: Clock) {
    this.#root = root;
    this.#layout = new Layout(root);
    this.#floorPath = join(root, "floor");
    this.#lock = taken(this.#layout);
    try {
      this.#claimFor(source);
      this.#layout.removeUnfinished();
      const floor = readFileIfAny(this.#floorPath);
      this.#reach = new ReachBack(join(root, "oldest-listed"), clock);
      if (floor !== null) this.#floor = Number(new TextDecoder().decode(floor));
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /** Hours that have a file, in ascending order. */
  get hours(): readonly number[] {
    return this.#layout.closedHours();
  }

  /** Hours before this one were here and went: what comes under their numbers is not what was there. */
  get floor(): number {
    return this.#floor;
  }

  /** Where the file of an hour is, or will be. */
  pathOf(hour: number): string {
    return this.#layout.closedHour(hour);
  }

  /** Takes note of the oldest hour of a list; removes, for good, the files of hours before those of a whole day of lists. */
  noteOldest(hour: number): void {
    const reach = this.#reach.note(hour);
    if (reach !== null) this.#expire(reach);
  }

  /** Moves the file of an hour out of the way; returns where it is now. */
  setAside(hour: number): string {
    return this.#layout.setAside(this.pathOf(hour));
  }

  release(): void {
    this.#lock.release();
  }

  #expire(hour: number): void {
    if (hour > this.#floor) {
      replaceFile(this.#floorPath, ascii(`${hour}\n`));
      this.#floor = hour;
    }
    for (const old of this.hours) if (old < hour) rmSync(this.pathOf(old), { force: true });
    this.#layout.expireDamaged(hour);
  }

  /** The first copies of a source are what its later answers are compared with. */
  #claimFor(source: string): void {
    const path = this.#layout.source;
    const known = readFileIfAny(path);
    const isForeign =
      known === null
        ? existsSync(this.#layout.format) || this.hours.length > 0
        : new TextDecoder().decode(known).trim() !== source;
    if (isForeign) {
      throw new Failure(
        "usage",
        `${this.#root} does not hold copies of ${source}`,
        "choose another folder: --data",
      );
    }
    if (known === null) replaceFile(path, ascii(`${source}\n`));
    if (existsSync(this.#layout.format)) formatOf(this.#layout);
    // Closed hours are files as they were in the version before.
    markFormat(this.#layout);
  }
}

/** Makes a folder of copies, and takes it. @throws {Failure} */
function taken(layout: Layout): FolderLock {
  try {
    layout.makeFolders();
    return lockFolder(layout.lock, {
      message: `${layout.root} is in use by another mirror or server`,
      remedy: "end that one, or choose another folder: --data",
    });
  } catch (error) {
    throw folderTrouble(error, layout.root, "--data", layout.lock) ?? error;
  }
}
