import {
  HOUR_SECONDS,
  hourOf,
  PATHS,
  RECORDS_MEDIA_TYPE,
  STORABLE_RECORD_BYTES,
  secondsNow,
  storableRecords,
  UPLOAD_BYTES_MAX,
} from "@glowworm/protocol";
import type { Context, Hono } from "hono";
import type { AppDeps } from "../deps.ts";
import { readBody } from "../http/body.ts";
import { ProblemError, retryLater } from "../http/problem.ts";

/** `POST /v1/sightings`: stores a batch whole, or says why not. @see docs/protocol.md section 8.1 */
export function sightingsRoute(app: Hono, deps: AppDeps): void {
  app.post(PATHS.sightings, async (c) => {
    assertMediaType(c);
    const body = await readBody(c, UPLOAD_BYTES_MAX);
    const prefix = deps.networkOf(c);
    const records = storableRecords(deps.crypto, body);
    await deps.admission?.admit(c.req.header("authorization"), prefix, body);
    await storeWithinCap(deps, prefix, records);
    return c.body(null, 201, { "content-length": "0" });
  });
}

/** Counts before the yes, and takes the count back when there is no yes. */
async function storeWithinCap(deps: AppDeps, prefix: string, records: Uint8Array): Promise<void> {
  const now = secondsNow(deps.clock);
  const reservation = deps.cap.reserve(hourOf(now), prefix, records, STORABLE_RECORD_BYTES);
  if (reservation === null) {
    const detail = `an id has had ${deps.cap.max} reports from this network within the hour`;
    throw retryLater("id-capped", detail, HOUR_SECONDS - (now % HOUR_SECONDS));
  }
  const count = records.length / STORABLE_RECORD_BYTES;
  deps.metrics?.waiting(count);
  try {
    await deps.store.put(records);
    deps.metrics?.accepted(count);
  } catch (error) {
    reservation.release();
    throw error;
  } finally {
    deps.metrics?.waiting(-count);
  }
}

/** @throws {ProblemError} `unsupported-media-type` when the body is not plain bytes. */
export function assertMediaType(c: Context): void {
  if (c.req.header("content-type") !== RECORDS_MEDIA_TYPE) {
    throw new ProblemError(
      "unsupported-media-type",
      `content-type: expected ${RECORDS_MEDIA_TYPE}`,
    );
  }
  if (c.req.header("content-encoding") !== undefined) {
    throw new ProblemError("unsupported-media-type", "content-encoding: expected none");
  }
  // Node takes away the chunks, and leaves whatever they were made of as it is.
  if ((c.req.header("transfer-encoding") ?? "chunked").toLowerCase() !== "chunked") {
    throw new ProblemError("unsupported-media-type", "transfer-encoding: expected chunked or none");
  }
}
