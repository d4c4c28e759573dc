import { scrypt } from "node:crypto";
import { Failure } from "@glowworm/platform";
import {
  ascii,
  ByteReader,
  ByteWriter,
  type CryptoSuite,
  concat,
  DecodeError,
  equalBytes,
  type RandomSource,
} from "@glowworm/protocol";

const MAGIC: Uint8Array = ascii("glowkey1");
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const SEALED_BYTES = KEY_BYTES + 16;
const CHECK_BYTES = 16;
const OPEN = 0;
const SEALED = 1;
const HEADER_BYTES = MAGIC.length + 1;

/**
 * 128 MiB and some 0.4 s a guess. The format's version fixes these numbers: a file cannot ask for cheaper or
 * endless work. Node refuses to use more than `maxmem`, of which scrypt wants a little over 128 N r bytes.
 */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 2 ** 20 } as const;
/** A salt makes a new key for every file, and that key seals one message: a fixed nonce is never used twice. */
const NONCE: Uint8Array = new Uint8Array(12);

/** What a key file holds: the owner key itself, or the owner key behind a passphrase. */
export type StoredKey =
  | { readonly protection: "none"; readonly ownerKey: Uint8Array }
  | { readonly protection: "passphrase"; readonly salt: Uint8Array; readonly sealed: Uint8Array };

/**
 * `"glowkey1" || kind(1) || key(32)` or `salt(16) || sealed(48)`, then a 16-byte checksum over all of it. The checksum
 * tells a damaged file from a wrong passphrase, which to the seal alone look the same.
 */
export async function encodeKeyFile(
  crypto: CryptoSuite,
  random: RandomSource,
  ownerKey: Uint8Array,
  passphrase: string | null,
): Promise<Uint8Array> {
  if (passphrase === null) return withCheck(crypto, concat(headerOf(OPEN), ownerKey));
  const header = headerOf(SEALED);
  const salt = random.bytes(SALT_BYTES);
  const key = await stretch(passphrase, salt);
  const sealed = crypto.aeadSeal(key, NONCE, concat(header, salt), ownerKey);
  return withCheck(crypto, concat(header, salt, sealed));
}

/** @throws {DecodeError} any code. */
export function decodeKeyFile(crypto: CryptoSuite, bytes: Uint8Array): StoredKey {
  const reader = new ByteReader(bytes);
  if (!equalBytes(reader.bytes("key_file.magic", MAGIC.length), MAGIC)) {
    throw new DecodeError("bad-value", "key_file.magic", 0, "not a Glowworm key file");
  }
  const kind = reader.u8("key_file.kind");
  if (kind !== OPEN && kind !== SEALED) {
    throw new DecodeError("bad-value", "key_file.kind", MAGIC.length);
  }
  const stored = readBody(reader, kind);
  const checkAt = reader.offset;
  const check = reader.bytes("key_file.check", CHECK_BYTES);
  reader.end("key_file");
  if (!equalBytes(check, crypto.blake2b(CHECK_BYTES, bytes.subarray(0, checkAt)))) {
    throw new DecodeError("bad-value", "key_file.check", checkAt, "damaged");
  }
  return stored;
}

/** The owner key behind a passphrase. @throws {Failure} wrongKey */
export async function unlock(
  crypto: CryptoSuite,
  stored: Extract<StoredKey, { protection: "passphrase" }>,
  passphrase: string,
): Promise<Uint8Array> {
  const key = await stretch(passphrase, stored.salt);
  const aad = concat(headerOf(SEALED), stored.salt);
  const ownerKey = crypto.aeadOpen(key, NONCE, aad, stored.sealed);
  if (ownerKey !== null) return ownerKey;
  throw new Failure(
    "wrongKey",
    "this is not the passphrase of the owner key",
    "try again; if it is lost, move owner.key away and run: glowworm init --restore",
  );
}

function readBody(reader: ByteReader, kind: typeof OPEN | typeof SEALED): StoredKey {
  if (kind === OPEN) {
    return { protection: "none", ownerKey: reader.bytes("key_file.key", KEY_BYTES) };
  }
  return {
    protection: "passphrase",
    salt: reader.bytes("key_file.salt", SALT_BYTES),
    sealed: reader.bytes("key_file.sealed", SEALED_BYTES),
  };
}

function headerOf(kind: number): Uint8Array {
  return new ByteWriter(HEADER_BYTES)
    .bytes("key_file.magic", MAGIC, MAGIC.length)
    .u8("key_file.kind", kind)
    .finish();
}

function withCheck(crypto: CryptoSuite, body: Uint8Array): Uint8Array {
  return concat(body, crypto.blake2b(CHECK_BYTES, body));
}

/** Keyboards and systems spell one accented letter in several ways: all of them must open the file. */
function stretch(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFC"), salt, KEY_BYTES, SCRYPT, (error, key) => {
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}
