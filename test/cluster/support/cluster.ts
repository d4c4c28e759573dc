import { loadCrypto } from "@glowworm/protocol";
import type { ReportStore } from "@glowworm/server";
import { inject } from "vitest";
import { DATACENTER } from "../../../bench/src/cluster/cluster.ts";
import { CassandraNode } from "../../../bench/src/cluster/node.ts";
import { openCassandraStore } from "../../../packages/server/src/store/cassandra/cassandra-store.ts";
import type { StoreSettings } from "../../../packages/server/test/support/report-store-suite.ts";

const crypto = await loadCrypto();
let keyspaces = 0;

/** The nodes that were started for this run; none when its tests are skipped. */
export const nodes: readonly CassandraNode[] = inject("nodes").map(
  (place) => new CassandraNode(place),
);

/** A keyspace that no other test uses. */
export function newKeyspace(): string {
  keyspaces += 1;
  return `test_${process.pid}_${keyspaces}`;
}

/** One more server's store over the cluster, with three copies of everything. */
export async function openStore({ place, ...settings }: StoreSettings): Promise<ReportStore> {
  return await openCassandraStore({
    ...settings,
    crypto,
    contactPoints: nodes.map((node) => node.place.address),
    localDatacenter: DATACENTER,
    keyspace: place,
    replication: Math.min(3, nodes.length),
  });
}
