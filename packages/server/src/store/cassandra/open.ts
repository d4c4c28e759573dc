import { Failure } from "@glowworm/platform";
import type { Clock, CryptoSuite, RandomSource } from "@glowworm/protocol";
import { type CommitGroup, StoreUnavailableError } from "../report-store.ts";
import { CLUSTER_RETENTION_DAYS_MAX } from "./retention.ts";
import { assertNames, type KeyspaceOptions, type Tables } from "./schema.ts";
import { type ClusterAddress, Session } from "./session.ts";

/** Which cluster, and where in it. */
export interface ClusterOptions extends ClusterAddress, KeyspaceOptions {}

export interface CassandraStoreOptions extends ClusterOptions {
  /** The same for all servers of a keyspace. */
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoSuite;
  /** Told of every group commit that succeeded. */
  readonly onCommit?: (group: CommitGroup) => void;
}

/**
 * Runs `use` over a connection to the cluster; lets go of it when that fails.
 * @param schema `prepareSchema` for who may make tables, `findSchema` for who may not.
 * @throws {Failure}
 */
export async function connected<T>(
  options: ClusterOptions,
  schema: (session: Session, options: ClusterOptions) => Promise<Tables>,
  use: (session: Session, tables: Tables) => Promise<T>,
): Promise<T> {
  assertNames(options);
  let session: Session | undefined;
  try {
    session = await Session.connect(options);
    return await use(session, await schema(session, options));
  } catch (error) {
    await session?.close();
    throw explained(error, options);
  }
}

/** @throws {Failure} for more days than nodes can count. */
export function assertRetention(days: number): void {
  if (days <= CLUSTER_RETENTION_DAYS_MAX) return;
  throw new Failure(
    "usage",
    `retention: a cluster keeps reports for at most ${CLUSTER_RETENTION_DAYS_MAX} days, not ${days}`,
    `choose ${CLUSTER_RETENTION_DAYS_MAX} days or fewer`,
  );
}

function explained(error: unknown, { contactPoints, localDatacenter }: ClusterAddress): unknown {
  if (!(error instanceof StoreUnavailableError)) return error;
  return new Failure(
    "failure",
    `${contactPoints.join(", ")}: ${error.message}`,
    `see whether the nodes are up and their datacenter is named ${localDatacenter} (nodetool status), and whether cluster.username, password_file and ca_file are what they want`,
    { cause: error },
  );
}
