import { randomBytes } from "node:crypto";

/** A name that no keyspace has. */
export function newKeyspace(): string {
  return `glowworm_${randomBytes(4).toString("hex")}`;
}
