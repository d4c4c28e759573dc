import {
  buildFilter,
  FILTER_FREE_PAGES,
  GET_ID_BYTES,
  manifestBytes,
  PAGE_BYTES,
  PAGE_RECORDS,
} from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";

/** Prints what every owner downloads of a week of closed hours, by the records of an hour. */
const HOURS = 168;
const VOLUMES = [0, 1000, 10_000, 16_384, 20_000, 60_000, 1_000_000] as const;
const random = seededRandom("lookup bytes");

process.stdout.write("records of an hour, pages, bytes of its filter, bytes of a week\n");
for (const records of VOLUMES) {
  const pages = Math.max(1, Math.ceil(records / PAGE_RECORDS));
  const isWhole = pages <= FILTER_FREE_PAGES;
  const ids = random.bytes((isWhole ? 0 : pages * PAGE_RECORDS) * GET_ID_BYTES);
  const filter = isWhole ? 0 : buildFilter(ids, random).length;
  const week = HOURS * (manifestBytes(pages) + (isWhole ? pages * PAGE_BYTES : filter));
  process.stdout.write(`${records}, ${pages}, ${filter}, ${week}\n`);
}
