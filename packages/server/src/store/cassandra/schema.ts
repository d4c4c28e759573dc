import { Failure } from "@glowworm/platform";
import { intOf, type Row, type Session } from "./session.ts";

const FORMAT = 1;
const KEYSPACE = /^[a-z][a-z0-9_]{0,47}$/;
const DATACENTER = /^[A-Za-z0-9_.-]+$/;

/** Removal shows on disk once this has passed. As long as hints are kept: a replica that was away learns of it in time. */
const GRACE_SECONDS = 10_800;
/** What is removed when its hour closes, or rewritten: small, and merged often so that it really goes. */
const SHORT_LIVED = `gc_grace_seconds = ${GRACE_SECONDS} AND compaction = {
  'class': 'SizeTieredCompactionStrategy', 'min_threshold': 2,
  'tombstone_compaction_interval': 3600, 'unchecked_tombstone_compaction': true }`;
/** What is written once and expires by age: whole files are dropped, nothing is merged twice. */
const BY_AGE = `gc_grace_seconds = ${GRACE_SECONDS} AND compaction = {
  'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', 'compaction_window_size': 1 }`;

/** Names of the tables, and what each holds. @see docs/decisions/0006-cluster-store.md */
const TABLES: Readonly<Record<string, string>> = {
  /** Single numbers that only grow: `fence`, and the `format` of this schema. */
  marks: "(name text PRIMARY KEY, value int)",
  /** Who closes what is over: a row that expires. */
  leases: `(work text PRIMARY KEY, holder blob) WITH ${SHORT_LIVED}`,
  /** Reports of segments that are not closed yet. The key is the whole report. */
  arrivals: `(segment int, shard int, get_id blob, envelope blob,
    PRIMARY KEY ((segment, shard), get_id, envelope)) WITH ${SHORT_LIVED}`,
  /** Which partitions of `arrivals` have been written. */
  arrival_shards: `(hour int, segment int, shard int,
    PRIMARY KEY (hour, segment, shard)) WITH ${SHORT_LIVED}`,
  /** Segments that were closed together, and the candidate that was chosen for them. */
  closings: `(hour int, first int, through int, candidate blob, counts blob,
    PRIMARY KEY (hour, first)) WITH ${SHORT_LIVED}`,
  /** Every candidate that was ever written for an hour or its segments, so that all but the chosen one can be removed. */
  candidates: `(hour int, candidate blob, is_hour boolean,
    PRIMARY KEY (hour, candidate)) WITH ${SHORT_LIVED}`,
  /** Candidates for closed segments of open hours, in parts of whole records, which `piece` counts. */
  segment_pieces: `(candidate blob, segment int, piece int, bytes blob,
    PRIMARY KEY (candidate, segment, piece)) WITH ${SHORT_LIVED}`,
  /** All hours there are. `candidate` and what follows is set when the hour is closed. */
  hours: `(book int, hour int, first_segment int, candidate blob, pages int, manifest blob,
    filter_bytes int, retention_days int, PRIMARY KEY (book, hour)) WITH gc_grace_seconds = ${GRACE_SECONDS}`,
  /**
   * Candidates for closed hours: pages by their number, `piece`; manifest and filter in parts, which it counts. `part` says what it
   * is, and which of the partitions of the pages.
   */
  hour_pieces: `(candidate blob, part int, piece int, bytes blob,
    PRIMARY KEY ((candidate, part), piece)) WITH ${BY_AGE}`,
  /** What all servers have in common: `tokens`, from which the keys of upload tokens come. */
  secrets: "(name text PRIMARY KEY, value blob)",
  /** Who may upload. Days are UTC day numbers, -1 for none. */
  invites: `(hash blob PRIMARY KEY, name text, tokens_per_day int, made_day int, last_day int, issue_day int,
    issued int)`,
  /** What each spent token is bound to. A partition each: transactions on one wait for each other. */
  spent_tokens: `(day int, nonce blob, mark blob, PRIMARY KEY ((day, nonce))) WITH ${BY_AGE}`,
};

/** Where a store lives in a cluster. */
export interface KeyspaceOptions {
  /** Lowercase letters, digits and underscores; made when it is missing. */
  readonly keyspace: string;
  /** Copies of everything: 3 survives the loss of one node. Used when the keyspace is made. */
  readonly replication: number;
  readonly localDatacenter: string;
}

/** Full names of the tables of one keyspace. */
export type Tables = (name: string) => string;

/** Names go into statements as they are. @throws {Failure} */
export function assertNames({ keyspace, localDatacenter }: KeyspaceOptions): void {
  if (KEYSPACE.test(keyspace) && DATACENTER.test(localDatacenter)) return;
  throw new Failure(
    "usage",
    `${keyspace} in ${localDatacenter}: not the names of a keyspace and a datacenter`,
    "use lowercase letters, digits and underscores, for example glowworm in datacenter1",
  );
}

/**
 * Makes what is missing, and refuses what another version made. The first server of a new cluster should start alone:
 * nodes that make one table at the same time may disagree about it. @throws {Failure}
 */
export async function prepareSchema(session: Session, options: KeyspaceOptions): Promise<Tables> {
  const { keyspace, replication, localDatacenter } = options;
  const tables = tablesOf(keyspace);
  await session.define(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication =
     { 'class': 'NetworkTopologyStrategy', '${localDatacenter}': ${replication} }`,
  );
  for (const [name, definition] of Object.entries(TABLES)) {
    await session.define(`CREATE TABLE IF NOT EXISTS ${tables(name)} ${definition}`);
  }
  const standing = await session.decide(
    `INSERT INTO ${tables("marks")} (name, value) VALUES ('format', ?) IF NOT EXISTS`,
    [FORMAT],
  );
  if (standing !== null) assertFormat(standing, keyspace);
  return tables;
}

/** Finds what a server made before, and makes nothing: a typing error must not make a keyspace. @throws {Failure} */
export async function findSchema(
  session: Session,
  { keyspace }: Pick<KeyspaceOptions, "keyspace">,
): Promise<Tables> {
  const tables = tablesOf(keyspace);
  const [marks] = await session.rows(
    "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'marks'",
    [keyspace],
  );
  // The mark is written last, when all tables are there.
  const statement = `SELECT value FROM ${tables("marks")} WHERE name = 'format'`;
  const [format] = marks === undefined ? [] : await session.rows(statement, []);
  if (format !== undefined) {
    assertFormat(format, keyspace);
    return tables;
  }
  throw new Failure(
    "usage",
    `cluster.keyspace: no server has used keyspace ${keyspace} of this cluster`,
    "name the keyspace that the servers run with, and start one of them once before",
  );
}

function tablesOf(keyspace: string): Tables {
  return (name) => `${keyspace}.${name}`;
}

function assertFormat(mark: Row, keyspace: string): void {
  const format = intOf(mark, "value");
  if (format === FORMAT) return;
  throw new Failure(
    "failure",
    `keyspace ${keyspace}: has format ${format}, this server knows ${FORMAT}`,
    "run the version that made it, or choose another keyspace",
  );
}
