import { buildFilter, type Clock } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { Arrivals } from "../../../packages/server/src/store/cassandra/arrivals.ts";
import { BookKeeper } from "../../../packages/server/src/store/cassandra/book-keeper.ts";
import { Closer } from "../../../packages/server/src/store/cassandra/closer.ts";
import { Fence } from "../../../packages/server/src/store/cassandra/fence.ts";
import { Pieces } from "../../../packages/server/src/store/cassandra/pieces.ts";
import { prepareSchema, type Tables } from "../../../packages/server/src/store/cassandra/schema.ts";
import { Session } from "../../../packages/server/src/store/cassandra/session.ts";
import { crypto } from "../../../packages/server/test/support/fixtures.ts";
import { cluster } from "./cluster.ts";

const TTL_SECONDS = 86_400;

/** The parts of a server's store that close, without the lease that keeps two servers from doing it at once. */
export interface ClosingParts {
  readonly session: Session;
  readonly tables: Tables;
  readonly keeper: BookKeeper;
  readonly fence: Fence;
  readonly arrivals: Arrivals;
  readonly closer: Closer;
}

/** What a candidate is for. */
export type CandidateKind = "segments" | "hour";

/** Something happens before a server proposes a candidate, when it has already seen that none was chosen. */
class SlowPieces extends Pieces {
  readonly #before: (kind: CandidateKind) => Promise<void>;

  constructor(session: Session, tables: Tables, before: (kind: CandidateKind) => Promise<void>) {
    super(session, tables, TTL_SECONDS);
    this.#before = before;
  }

  override async writeSegments(...segments: Parameters<Pieces["writeSegments"]>): Promise<void> {
    await this.#before("segments");
    await super.writeSegments(...segments);
  }

  override async writeManifest(...manifest: Parameters<Pieces["writeManifest"]>): Promise<void> {
    await this.#before("hour");
    await super.writeManifest(...manifest);
  }
}

/**
 * @param name sets one server's randomness apart from another's.
 * @param before it proposes a candidate.
 */
export async function closingParts(
  name: string,
  clock: Clock,
  before: (kind: CandidateKind) => Promise<void> = async () => {},
): Promise<ClosingParts> {
  const session = await Session.connect(cluster);
  const tables = await prepareSchema(session, cluster);
  const fence = new Fence(session, tables);
  const keeper = new BookKeeper(session, tables, fence, clock, 30);
  const arrivals = new Arrivals(session, tables, TTL_SECONDS);
  const pieces = new SlowPieces(session, tables, before);
  const random = seededRandom(name);
  const filters = { build: async (ids: Uint8Array) => buildFilter(ids, random) };
  const parts = { session, tables, arrivals, pieces, crypto, random, filters };
  const closer = new Closer(parts, fence, keeper, 30);
  return { session, tables, keeper, fence, arrivals, closer };
}
