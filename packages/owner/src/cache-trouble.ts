import { errorCode } from "@glowworm/platform";

/** Why the cache did not take or give something. It is a cache: a lookup goes on without it, and says so at its end. */
export class CacheTrouble {
  #code: string | null = null;

  /** The system's code of the first trouble, such as `ENOSPC`, or null. */
  get code(): string | null {
    return this.#code;
  }

  /** Does `work` and returns what it gives, or null when the disk fails. What is not there is no trouble. */
  attempt<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      const code = errorCode(error);
      if (code === "unknown") throw error;
      if (code !== "ENOENT") this.#code ??= code;
      return null;
    }
  }
}
