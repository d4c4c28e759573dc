import { buildFilter, type Clock } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { Arrivals } from "../../../packages/server/src/store/cassandra/arrivals.ts";
import { BookKeeper } from "../../../packages/server/src/store/cassandra/book-keeper.ts";
import {
  type CandidateKind,
  CandidateList,
} from "../../../packages/server/src/store/cassandra/candidate-list.ts";
import { Closer } from "../../../packages/server/src/store/cassandra/closer.ts";
import { Fence } from "../../../packages/server/src/store/cassandra/fence.ts";
import { HourCandidates } from "../../../packages/server/src/store/cassandra/hour-candidates.ts";
import { prepareSchema, type Tables } from "../../../packages/server/src/store/cassandra/schema.ts";
import { SegmentCandidates } from "../../../packages/server/src/store/cassandra/segment-candidates.ts";
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

/** Something happens before a server proposes a candidate, when it has already seen that none was chosen. */
type Before = (kind: CandidateKind) => Promise<void>;

class SlowSegments extends SegmentCandidates {
  readonly #before: Before;

  constructor(session: Session, tables: Tables, before: Before) {
    super(session, tables, TTL_SECONDS);
    this.#before = before;
  }

  override async write(...segments: Parameters<SegmentCandidates["write"]>): Promise<void> {
    await this.#before("segments");
    await super.write(...segments);
  }
}

class SlowHours extends HourCandidates {
  readonly #before: Before;

  constructor(session: Session, tables: Tables, before: Before) {
    super(session, tables, TTL_SECONDS);
    this.#before = before;
  }

  override async writeManifest(
    ...manifest: Parameters<HourCandidates["writeManifest"]>
  ): Promise<void> {
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
  before: Before = async () => {},
): Promise<ClosingParts> {
  const session = await Session.connect(cluster);
  const tables = await prepareSchema(session, cluster);
  const fence = new Fence(session, tables);
  const keeper = new BookKeeper(session, tables, fence, clock, 30);
  const arrivals = new Arrivals(session, tables);
  const random = seededRandom(name);
  const filters = { build: async (ids: Uint8Array) => buildFilter(ids, random) };
  const parts = {
    ...{ session, tables, arrivals, crypto, random, filters },
    candidates: new CandidateList(session, tables, TTL_SECONDS),
    segments: new SlowSegments(session, tables, before),
    hours: new SlowHours(session, tables, before),
  };
  const closer = new Closer(parts, fence, keeper, 30);
  return { session, tables, keeper, fence, arrivals, closer };
}
