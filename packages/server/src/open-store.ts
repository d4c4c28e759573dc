import { Failure } from "@glowworm/platform";
import type { ClusterOptions } from "./store/cassandra/open.ts";
import { type EmbeddedStoreOptions, openEmbeddedStore } from "./store/embedded/embedded-store.ts";
import { type ReportStore, StoreUnavailableError } from "./store/report-store.ts";

/** Which store a server stands on, and what it is opened with. */
export interface StoreOptions extends Omit<EmbeddedStoreOptions, "folder"> {
  readonly dataFolder: string;
  /** Keeps reports in a Cassandra cluster, which other servers may share, and not in the data folder. */
  readonly cluster?: ClusterOptions;
}

/** Opens the store, with what is over closed. @throws {Failure} when a person has to mend it. */
export async function openStore(options: StoreOptions): Promise<ReportStore> {
  const store = await opened(options);
  try {
    await store.maintain();
    return store;
  } catch (error) {
    await store.close();
    throw explained(error, options);
  }
}

async function opened(options: StoreOptions): Promise<ReportStore> {
  const { cluster, dataFolder } = options;
  if (cluster === undefined) return await openEmbeddedStore({ ...options, folder: dataFolder });
  // The driver is loaded by those who need it.
  const { openCassandraStore } = await import("./store/cassandra/cassandra-store.ts");
  return await openCassandraStore({ ...options, ...cluster });
}

function explained(error: unknown, { cluster, dataFolder }: StoreOptions): unknown {
  if (!(error instanceof StoreUnavailableError)) return error;
  const [where, remedy] =
    cluster === undefined
      ? [dataFolder, `see whether the disk is full or failing: df -h ${dataFolder}`]
      : [`keyspace ${cluster.keyspace}`, "see whether the nodes are up: nodetool status"];
  const message = `${where}: cannot be written: ${error.message}`;
  return new Failure("failure", message, remedy, { cause: error });
}
