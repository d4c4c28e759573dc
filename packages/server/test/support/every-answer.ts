import { FILTER_FREE_PAGES, PAGE_RECORDS, PATHS, segmentOf } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { type ReportStore, StoreBusyError, StoreUnavailableError } from "@glowworm/server";
import { everyTokenAnswer } from "./every-token-answer.ts";
import {
  HOUR_MS,
  NOON_HOUR,
  NOON_MS,
  packed,
  someReport,
  someUpload,
  temporaryFolder,
} from "./fixtures.ts";
import { openLocalStore, SmallDisk } from "./local-store.ts";
import { OCTETS, TestApp } from "./test-app.ts";

const NOON_SEGMENT = segmentOf(NOON_MS / 1000);
/** One page more than hours without a filter have. */
const LARGE_HOUR_RECORDS = FILTER_FREE_PAGES * PAGE_RECORDS + 1;
const BLOCK_RECORDS = 4096;
const random = seededRandom("every answer");

/** A request and what came back. */
export interface Exchange {
  readonly method: "get" | "post";
  /** As asked, with numbers. */
  readonly path: string;
  readonly response: Response;
}

/** An app over a store with a closed hour, closed segments and an open one. */
export async function filledApp(records = 0): Promise<{ app: TestApp; store: ReportStore }> {
  const clock = new FakeClock(NOON_MS);
  const store = await openLocalStore(temporaryFolder(), new SmallDisk(), clock);
  const app = new TestApp(store, clock);
  await store.maintain();
  for (let left = records; left > 0; left -= BLOCK_RECORDS) {
    const length = Math.min(left, BLOCK_RECORDS);
    await store.put(packed(Array.from({ length }, () => someReport(random))));
  }
  clock.advance(HOUR_MS + 120_000);
  await store.maintain();
  return { app, store };
}

/** Requests that between them get every answer an app can give. */
export async function everyAnswer(): Promise<readonly Exchange[]> {
  const { app, store } = await filledApp(LARGE_HOUR_RECORDS);
  const exchanges = [
    ...(await uploads(app)),
    ...(await reads(app, [
      ...[PATHS.hours, `${PATHS.hours}?x=1`, PATHS.about, PATHS.openapi, PATHS.health, PATHS.ready],
      ...[PATHS.manifest(NOON_HOUR), PATHS.manifest(NOON_HOUR + 1), "/v1/hours/01/manifest"],
      ...[PATHS.filter(NOON_HOUR), PATHS.filter(NOON_HOUR + 1), "/v1/hours/01/filter"],
      ...[
        PATHS.page(NOON_HOUR, 0),
        PATHS.page(NOON_HOUR, FILTER_FREE_PAGES + 1),
        "/v1/hours/1/pages/x",
      ],
      ...[PATHS.segment(NOON_SEGMENT + 120), PATHS.segment(NOON_SEGMENT + 9999)],
      ...[PATHS.segment(NOON_SEGMENT), "/v1/open/-1"],
    ])),
  ];
  exchanges.push(...(await everyTokenAnswer(app)));
  app.isStopping = true;
  exchanges.push(...(await reads(app, [PATHS.ready])));
  await store.close();
  for (const error of [new StoreUnavailableError("EIO"), new Error("a bug")]) {
    exchanges.push(...(await failing(new TestApp(storeThat(() => Promise.reject(error))))));
  }
  const busy = new TestApp(storeThat(() => Promise.reject(new StoreBusyError("full"))));
  const response = await busy.upload([someUpload(random)]);
  return [...exchanges, { method: "post", path: PATHS.sightings, response }];
}

/** A store that answers every question in the same way. */
export function storeThat(fails: () => Promise<never>): ReportStore {
  return {
    put: fails,
    published: fails,
    segment: fails,
    manifest: fails,
    page: fails,
    filter: fails,
    maintain: fails,
    health: () => ({ isWritable: false, arrivalFloor: 0 }),
    close: async () => {},
  };
}

async function uploads(app: TestApp): Promise<readonly Exchange[]> {
  const { putId } = someUpload(random);
  const sameId = Array.from({ length: 64 }, () => someUpload(random, putId));
  const otherVersion = random.bytes(145);
  otherVersion[32] = 9;
  const responses = [
    await app.upload(sameId),
    await app.upload(sameId),
    await app.uploadBytes(random.bytes(144)),
    await app.uploadBytes(otherVersion),
    await app.uploadBytes(random.bytes(9281)),
    await app.uploadBytes(random.bytes(145), { "content-type": "text/plain" }),
    await app.uploadBytes(random.bytes(145), { ...OCTETS, "content-encoding": "gzip" }),
  ];
  return responses.map((response) => ({ method: "post", path: PATHS.sightings, response }));
}

async function reads(app: TestApp, paths: readonly string[]): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = [];
  for (const path of paths) exchanges.push({ method: "get", path, response: await app.get(path) });
  return exchanges;
}

async function failing(app: TestApp): Promise<readonly Exchange[]> {
  const response = await app.upload([someUpload(random)]);
  return [
    { method: "post", path: PATHS.sightings, response },
    ...(await reads(app, [
      PATHS.hours,
      PATHS.manifest(1),
      PATHS.page(1, 0),
      PATHS.filter(1),
      PATHS.segment(1),
    ])),
  ];
}
