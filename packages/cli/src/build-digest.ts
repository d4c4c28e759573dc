import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isErrno } from "@glowworm/platform";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * SHA-256 over the program as it lies here: every compiled file of every package, and the lock file that fixes the libraries,
 * in the order of their names. docs/operating.md has a line of shell that computes the same, so that anybody can compare a
 * running server with a checkout. Null where the program was packed in another way.
 */
export function buildDigest(root: string = ROOT): string | null {
  try {
    const lines = programFiles(root).map((file) => {
      return `${sha256(readFileSync(join(root, file)))}  ${file}\n`;
    });
    return sha256(lines.join(""));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}

/** As `sha256sum` would list them: paths from the root, in the order of their bytes. */
function programFiles(root: string): readonly string[] {
  const compiled = readdirSync(join(root, "packages")).flatMap((name) => {
    const folder = join("packages", name, "dist");
    return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".js"))
      .map((file) => join(folder, file));
  });
  return ["package-lock.json", ...compiled].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
