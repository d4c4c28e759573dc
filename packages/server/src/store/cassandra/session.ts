import cassandra from "cassandra-driver";
import { StoreUnavailableError } from "../report-store.ts";

/** How long one request may take: below the ten seconds that an upload has. */
const REQUEST_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;
const { localQuorum, localSerial } = cassandra.types.consistencies;

/** What a statement is given: numbers are `int`, bytes are `blob`. */
export type Value = number | string | boolean | Uint8Array;

/** One row of an answer, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** Where a cluster is found. */
export interface ClusterAddress {
  /** Nodes to begin with, `host` or `host:port`; the others are learnt from them. */
  readonly contactPoints: readonly string[];
  /** The datacenter whose replicas answer: quorums are counted within it. */
  readonly localDatacenter: string;
  /** The role to log in as, where the nodes want one. */
  readonly login?: { readonly username: string; readonly password: string };
  /**
   * Certificate authorities of the nodes, PEM. Then connections are by TLS, and to nodes only whose certificates name the
   * address at which they are reached. Absent: plain.
   */
  readonly ca?: string;
}

/** How a statement differs from others. */
interface Request {
  /** Microseconds that replace the writer's clock, so that no finer time is kept. */
  readonly timestamp?: number;
  /** Rows fetched at a time. */
  readonly fetchSize?: number;
}

/**
 * One connection to a cluster, at LOCAL_QUORUM both ways: what one quorum took, every later quorum shows. Statements are
 * prepared, and repeated on another node when one fails under them.
 * @throws {StoreUnavailableError} from every method, when too few replicas answered. A write may have happened all the same.
 */
export class Session {
  readonly #client: cassandra.Client;

  private constructor(client: cassandra.Client) {
    this.#client = client;
  }

  static async connect(address: ClusterAddress): Promise<Session> {
    const { login, ca } = address;
    const client = new cassandra.Client({
      contactPoints: [...address.contactPoints],
      ...(login === undefined ? {} : { credentials: login }),
      // The driver's own default takes any certificate.
      ...(ca === undefined ? {} : { sslOptions: { ca: [ca], rejectUnauthorized: true } }),
      localDataCenter: address.localDatacenter,
      queryOptions: { prepare: true, consistency: localQuorum, serialConsistency: localSerial },
      socketOptions: { readTimeout: REQUEST_TIMEOUT_MS, connectTimeout: CONNECT_TIMEOUT_MS },
    });
    const session = new Session(client);
    try {
      await attempt(() => client.connect());
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  /** Changes the schema, and waits until all live nodes agree on it. */
  async define(statement: string): Promise<void> {
    await attempt(() => this.#client.execute(statement, [], { prepare: false }));
  }

  async write(statement: string, values: readonly Value[], request: Request = {}): Promise<void> {
    await this.#execute(statement, values, request);
  }

  /** Writes rows of one partition: all of them or none. */
  async writeRows(
    statement: string,
    rows: readonly (readonly Value[])[],
    request: Request = {},
  ): Promise<void> {
    const queries = rows.map((values) => ({ query: statement, params: values.map(encoded) }));
    const options = { ...request, logged: false, isIdempotent: true };
    await attempt(() => this.#client.batch(queries, options));
  }

  /** The whole answer. */
  async rows(statement: string, values: readonly Value[]): Promise<readonly Row[]> {
    const found: Row[] = [];
    for await (const row of this.stream(statement, values)) found.push(row);
    return found;
  }

  /** The answer in order, never more than `fetchSize` rows of it in memory. */
  async *stream(
    statement: string,
    values: readonly Value[],
    request: Request = {},
  ): AsyncGenerator<Row> {
    let pageState: string | undefined;
    do {
      const page = pageState === undefined ? {} : { pageState };
      const result = await this.#execute(statement, values, { ...request, ...page });
      yield* result.rows as unknown as readonly Row[];
      pageState = result.pageState;
    } while (pageState);
  }

  /**
   * A lightweight transaction: of all that are tried on one partition, at whatever nodes, one after the other happens.
   * Null when this one did, otherwise the row that stood in its way (no columns when there is none).
   */
  async decide(statement: string, values: readonly Value[]): Promise<Row | null> {
    const options = { isIdempotent: false };
    const result = await attempt(() =>
      this.#client.execute(statement, values.map(encoded), options),
    );
    return result.wasApplied() ? null : ((result.first() as unknown as Row | null) ?? {});
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }

  async #execute(
    statement: string,
    values: readonly Value[],
    request: Request & { readonly pageState?: string },
  ): Promise<cassandra.types.ResultSet> {
    const options = { ...request, isIdempotent: true };
    return await attempt(() => this.#client.execute(statement, values.map(encoded), options));
  }
}

/** An `int` column. @throws {StoreUnavailableError} when it is not set. */
export function intOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new StoreUnavailableError(`${column} is not set`);
  return value;
}

/** A `blob` column. @throws {StoreUnavailableError} when it is not set. */
export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new StoreUnavailableError(`${column} is not set`);
  return value;
}

/** A `text` column. @throws {StoreUnavailableError} when it is not set. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new StoreUnavailableError(`${column} is not set`);
  return value;
}

/** The driver takes blobs as `Buffer` only; this one shares the bytes. */
function encoded(value: Value): number | string | boolean | Buffer {
  if (!(value instanceof Uint8Array)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

async function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new StoreUnavailableError(`the cluster did not answer: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** One line. The driver's own, when no node would do, has a stack in it. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { innerErrors = {} } = error as { readonly innerErrors?: Readonly<Record<string, Error>> };
  const nodes = Object.entries(innerErrors);
  return nodes.length === 0
    ? error.message
    : nodes.map(([node, { message }]) => `${node}: ${message}`).join("; ");
}
