import { loadCrypto } from "@glowworm/protocol";
import type { ClusterOptions, ReportStore } from "@glowworm/server";
import { openCassandraStore } from "@glowworm/server/cassandra";
import { inject } from "vitest";
import { DATACENTER } from "../../../bench/src/cluster/cluster.ts";
import { CassandraNode } from "../../../bench/src/cluster/node.ts";
import { connected } from "../../../packages/server/src/store/cassandra/open.ts";
import { prepareSchema } from "../../../packages/server/src/store/cassandra/schema.ts";
import { Session } from "../../../packages/server/src/store/cassandra/session.ts";
import type { StoreSettings } from "../../../packages/server/test/support/report-store-suite.ts";

/**
 * Where the tests of a file are. Those that stop nodes need one of their own, because TRUNCATE leaves what Paxos remembers: when
 * a node has been away, the next transaction on a partition repeats the newest one that was decided there.
 */
export const KEYSPACE: string = inject("keyspace");
const crypto = await loadCrypto();
const used = new Set<string>();

/** The nodes that were started for this run; none when its tests are skipped. */
export const nodes: readonly CassandraNode[] = inject("nodes").map(
  (place) => new CassandraNode(place),
);

/** The cluster of this run, with three copies of everything. */
export const cluster: ClusterOptions = {
  contactPoints: nodes.map((node) => node.place.address),
  localDatacenter: DATACENTER,
  keyspace: KEYSPACE,
  replication: 3,
};

/** Quorums that must show nothing: between them they ask every replica. */
const LOOKS = 6;

/** A name for a store that is empty when it is opened first; the one before is lost. */
export function newPlace(): string {
  return `place ${used.size}`;
}

/** One more server's store over the cluster. */
export async function openStore({ place, ...settings }: StoreSettings): Promise<ReportStore> {
  if (!used.has(place)) await emptyCluster();
  used.add(place);
  return await openCassandraStore({ ...settings, ...cluster, crypto });
}

/** A write of the test before, which only the third replica still waited for, may come after it was all removed. */
async function isEmpty(session: Session): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    const found = await Promise.all(
      ["marks", "hours", "closings", "arrival_shards"].map((table) =>
        session.rows(`SELECT * FROM ${KEYSPACE}.${table}`, []),
      ),
    );
    if (found.flat().some(({ name }) => name !== "format")) return false;
  }
  return true;
}

/** Makes the tables, as the first server does. */
export async function prepareCluster(): Promise<void> {
  await connected(cluster, prepareSchema, (session) => session.close());
}

/** Removes all that the keyspace holds. */
export async function emptyCluster(): Promise<void> {
  const session = await Session.connect(cluster);
  try {
    const tables = await session.rows(
      "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?",
      [KEYSPACE],
    );
    do {
      await Promise.all(
        tables.map(({ table_name: name }) => session.define(`TRUNCATE ${KEYSPACE}.${name}`)),
      );
    } while (tables.length > 0 && !(await isEmpty(session)));
  } finally {
    await session.close();
  }
}
