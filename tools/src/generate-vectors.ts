import { mkdirSync, writeFileSync } from "node:fs";
import { loadCrypto } from "@glowworm/protocol";
import { buildVectors } from "./vectors/build.ts";

const folder = new URL("../../vectors/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of buildVectors(await loadCrypto())) {
  writeFileSync(new URL(name, folder), text);
}
