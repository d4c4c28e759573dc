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
  const { cluster, dataFolder } = options;
  if (cluster !== undefined) {
    // The driver is loaded by those who need it.
    const { openCassandraStore } = await import("./store/cassandra/cassandra-store.ts");
    return await maintained(await openCassandraStore({ ...options, ...cluster }));
  }
  try {
    return await maintained(await openEmbeddedStore({ ...options, folder: dataFolder }));
  } catch (error) {
    throw explained(error, dataFolder);
  }
}

async function maintained(store: ReportStore): Promise<ReportStore> {
  try {
    await store.maintain();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

function explained(error: unknown, folder: string): unknown {
  if (!(error instanceof StoreUnavailableError)) return error;
  return new Failure(
    "failure",
    `${folder}: cannot be written: ${error.message}`,
    `see whether the disk is full or failing: df -h ${folder}`,
    { cause: error },
  );
}
