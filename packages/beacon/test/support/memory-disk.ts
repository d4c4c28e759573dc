import type { Disk } from "../../src/index.ts";

/** The power went while a write was under way. */
export class PowerCut extends Error {}

/** A disk in memory that can lose power in the middle of a write. */
export class MemoryDisk implements Disk {
  readonly files: Map<string, Uint8Array>;
  readonly onWrite: (name: string) => void;
  writes = 0;
  #cutAt = Number.POSITIVE_INFINITY;
  #keptShare = 0;

  constructor(files: Iterable<readonly [string, Uint8Array]> = [], onWrite = (_: string) => {}) {
    this.files = new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));
    this.onWrite = onWrite;
  }

  /** Cuts the power during the n-th write from now, of whose bytes only a share arrives. */
  cutPower(nthWrite: number, keptShare: number): void {
    this.#cutAt = this.writes + nthWrite;
    this.#keptShare = keptShare;
  }

  restorePower(): void {
    this.#cutAt = Number.POSITIVE_INFINITY;
  }

  copy(): MemoryDisk {
    return new MemoryDisk(this.files);
  }

  pathOf(name: string): string {
    return `/state/${name}`;
  }

  read(name: string): Uint8Array | null {
    return this.files.get(name)?.slice() ?? null;
  }

  replace(name: string, bytes: Uint8Array): void {
    this.#count(name);
    if (this.writes >= this.#cutAt) throw new PowerCut();
    this.files.set(name, bytes.slice());
  }

  overwrite(name: string, offset: number, bytes: Uint8Array): void {
    const file = this.files.get(name);
    if (file === undefined || offset + bytes.length > file.length) {
      throw new Error(`${name}: write outside of the file`);
    }
    this.#count(name);
    const isCut = this.writes >= this.#cutAt;
    const kept = isCut ? Math.floor(bytes.length * this.#keptShare) : bytes.length;
    file.set(bytes.subarray(0, kept), offset);
    if (isCut) throw new PowerCut();
  }

  #count(name: string): void {
    this.writes += 1;
    this.onWrite(name);
  }
}
