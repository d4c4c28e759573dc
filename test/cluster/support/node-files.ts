import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { CassandraNode } from "../../../bench/src/cluster/node.ts";

/** Every field of the data files that a node has of tables, by name: what is on its disk. */
export async function fieldsOnDisk(
  node: CassandraNode,
  keyspace: string,
  tables: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<unknown>>> {
  await node.nodetool("flush", keyspace, ...tables);
  const folder = join(node.place.folder, "data", keyspace);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const fields = new Map<string, Set<unknown>>();
  for (const table of tables) {
    const ofTable = (file: string): boolean =>
      file.startsWith(`${table}-`) && file.endsWith("-Data.db");
    if (!files.some(ofTable)) throw new Error(`${table}: nothing is on the disk`);
    for (const file of files.filter(ofTable)) {
      const lines = (await node.tool("SSTableExport", join(folder, file), "-l")).split("\n");
      // Between the partitions, a line each, stands what the tool logs.
      for (const partition of lines.filter((line) => line.startsWith("{"))) {
        JSON.parse(partition, (name, value: unknown) => {
          fields.set(name, (fields.get(name) ?? new Set()).add(value));
          return value;
        });
      }
    }
  }
  return fields;
}
