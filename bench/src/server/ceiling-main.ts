import type { ServerResponse } from "node:http";
import { systemClock } from "@glowworm/platform";
import { randomBatches, writeDirectly } from "./direct-writers.ts";
import { serve, throwAway } from "./null-http.ts";
import { openStore } from "./open-store.ts";

const REPORTS_MAX = 400_000;

/**
 * The store's ceiling beside an HTTP load. Argument: folder. Uploads are parsed and thrown away; for
 * `GET /direct?records=&writers=&seconds=` batches are put into the store without HTTP, and the answer is their rate.
 */
const [folder = ""] = process.argv.slice(2);
const store = await openStore(folder, systemClock);

async function direct(query: URLSearchParams, response: ServerResponse): Promise<void> {
  const records = Number(query.get("records"));
  const batches = randomBatches(Math.ceil(REPORTS_MAX / records), records);
  const [writers, seconds] = [Number(query.get("writers")), Number(query.get("seconds"))];
  response.end(String(await writeDirectly(store, batches, writers, seconds)));
}

serve((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://bench");
  if (pathname === "/direct") void direct(searchParams, response);
  else throwAway(request, response);
});
