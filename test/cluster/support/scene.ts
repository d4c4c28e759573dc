import { type RandomSource, toHex } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type ReportStore, StoreUnavailableError } from "@glowworm/server";
import type { Row } from "../../../packages/server/src/store/cassandra/session.ts";
import { NOON_MS } from "../../../packages/server/test/support/fixtures.ts";
import { everything } from "../../../packages/server/test/support/published.ts";
import { type ClosingParts, closingParts } from "./closing.ts";
import { newPlace, openStore } from "./cluster.ts";

const RETENTION_DAYS = 30;
const TRIES_MAX = 10;

/** A store that was empty at noon, and two more servers over it, which close when they are told. */
export interface Scene {
  readonly clock: FakeClock;
  readonly random: RandomSource;
  readonly store: ReportStore;
  readonly one: ClosingParts;
  readonly two: ClosingParts;
  /** Both close at the same moment. */
  closeAtOnce(): Promise<void>;
  /** Everything that is published, by a server that remembers nothing. */
  servedByNewServer(): Promise<Readonly<Record<string, string>>>;
  rowsOf(table: string): Promise<readonly Row[]>;
  /** Names of the candidates that a table holds. */
  candidatesIn(table: string): Promise<readonly string[]>;
}

/** Tells a story on a scene, and closes what is open at its end. */
export async function onScene(name: string, tell: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = new FakeClock(NOON_MS);
  const random = seededRandom(name);
  const settings = { place: newPlace(), clock, random, retentionDays: RETENTION_DAYS };
  const store = await openStore(settings);
  const [one, two] = [await closingParts("one", clock), await closingParts("two", clock)];
  const rowsOf = (table: string): Promise<readonly Row[]> =>
    one.session.rows(`SELECT * FROM ${one.tables(table)}`, []);
  const scene: Scene = {
    ...{ clock, random, store, one, two, rowsOf },
    closeAtOnce: async () => {
      const now = clock.nowMs() / 1000;
      await Promise.all([one, two].map(({ closer }) => untilDone(() => closer.close(now))));
      // What a store knows is a second old at most.
      clock.advance(1000);
    },
    servedByNewServer: async () => {
      const server = await openStore(settings);
      return await everything(server).finally(() => server.close());
    },
    candidatesIn: async (table) => {
      const names = (await rowsOf(table)).flatMap(({ candidate }) =>
        candidate instanceof Uint8Array ? [toHex(candidate)] : [],
      );
      return [...new Set(names)].sort();
    },
  };
  try {
    await tell(scene);
  } finally {
    await store.close();
    for (const { session } of [one, two]) await session.close();
  }
}

/** Transactions that meet on a busy machine may run out of time; a server tries again then. */
async function untilDone(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || tries === TRIES_MAX) throw error;
    }
  }
}
