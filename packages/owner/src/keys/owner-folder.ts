import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  assertPrivate,
  createFile,
  Failure,
  makePrivateFolder,
  readFileIfAny,
  replaceFile,
} from "@glowworm/platform";
import { type CryptoSuite, DecodeError, dayOf, type RandomSource } from "@glowworm/protocol";
import { decodeRegistry, encodeRegistry, type Registry } from "./devices.ts";
import { decodeKeyFile, encodeKeyFile, type StoredKey, unlock } from "./key-file.ts";

/** The folder that holds the owner key and the names of the devices. */
export class OwnerFolder {
  readonly #crypto: CryptoSuite;
  readonly #folder: string;

  constructor(crypto: CryptoSuite, folder: string) {
    this.#crypto = crypto;
    this.#folder = folder;
  }

  get keyPath(): string {
    return join(this.#folder, "owner.key");
  }

  get #registryPath(): string {
    return join(this.#folder, "devices.json");
  }

  hasKey(): boolean {
    return existsSync(this.keyPath);
  }

  /** Without a key nothing else that an owner does makes sense. @throws {Failure} keyMissing */
  assertKey(): void {
    if (!this.hasKey()) throw this.#noKey();
  }

  /** Writes the key file, which must not exist. @throws {Failure} when it does. */
  async createKey(
    random: RandomSource,
    ownerKey: Uint8Array,
    passphrase: string | null,
  ): Promise<void> {
    makePrivateFolder(this.#folder);
    createFile(this.keyPath, await encodeKeyFile(this.#crypto, random, ownerKey, passphrase));
  }

  /**
   * The owner key, 32 bytes.
   * @param ask asked for the passphrase only when the file has one.
   * @throws {Failure} keyMissing, noPermission or wrongKey.
   */
  async loadKey(ask: () => Promise<string>): Promise<Uint8Array> {
    const bytes = readFileIfAny(this.keyPath);
    if (bytes === null) throw this.#noKey();
    assertPrivate(this.keyPath);
    const stored = this.#decode(bytes);
    if (stored.protection === "none") return stored.ownerKey;
    return unlock(this.#crypto, stored, await ask());
  }

  /** Server and devices; an empty registry when nothing was saved yet. @throws {Failure} */
  readRegistry(): Registry {
    const bytes = readFileIfAny(this.#registryPath);
    if (bytes === null) return { server: null, nextNumber: 1, devices: [] };
    return decodeRegistry(bytes, this.#registryPath);
  }

  writeRegistry(registry: Registry): void {
    makePrivateFolder(this.#folder);
    replaceFile(this.#registryPath, encodeRegistry(registry));
  }

  #noKey(): Failure {
    return new Failure("keyMissing", `${this.keyPath}: there is no owner key`, "glowworm init");
  }

  #decode(bytes: Uint8Array): StoredKey {
    try {
      return decodeKeyFile(this.#crypto, bytes);
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause;
      throw new Failure(
        "keyMissing",
        `${this.keyPath} is damaged: ${cause.message}`,
        "put back a copy of the file, or move it away and run: glowworm init --restore",
        { cause },
      );
    }
  }
}

/**
 * The registry of a key that was restored from words. Its devices' numbers are not known here, and a number given
 * twice would make two laptops say the same keys: numbering goes on from the day number, which nobody reaches by
 * counting laptops from 1.
 */
export function restoredRegistry(server: string | null, nowSeconds: number): Registry {
  return { server, nextNumber: dayOf(nowSeconds), devices: [] };
}
