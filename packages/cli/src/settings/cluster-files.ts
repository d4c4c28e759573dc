import { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { errorCode, readFileIfAny } from "@glowworm/platform";
import { usage } from "../options.ts";

const OTHERS_MAY = 0o007;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** The password in a file, without the end of its line. @throws {Failure} usage, that never repeats what the file holds. */
export function readPassword(file: string): string {
  const text = textOf(file).replace(/\r?\n$/, "");
  // A group may: that is how systemd hands a credential to a service.
  if ((statSync(file).mode & OTHERS_MAY) !== 0) {
    throw usage(`everybody may read ${file}`, `chmod o= ${file}, and choose another password`);
  }
  if (text !== "" && !text.includes("\n")) return text;
  throw usage(`${file} holds no password`, "write the password into it, on one line");
}

/** The certificates in a file, PEM. @throws {Failure} usage */
export function readCertificates(file: string): string {
  const text = textOf(file);
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length > 0 && certificates.every(isCertificate)) return text;
  const remedy = "name the PEM file of the authority that signed the certificates of the nodes";
  throw usage(`${file} holds no certificates`, remedy);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function textOf(file: string): string {
  let bytes: Uint8Array | null;
  try {
    bytes = readFileIfAny(file);
  } catch (cause) {
    const remedy = "let the user of the server read it";
    throw usage(`${file} cannot be read: ${errorCode(cause)}`, remedy, cause);
  }
  if (bytes === null) throw usage(`there is no ${file}`, "make it, or leave the setting out");
  return new TextDecoder().decode(bytes);
}
