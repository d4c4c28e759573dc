import {
  decodeUploadBatch,
  getIdOf,
  HOUR_SECONDS,
  hourOf,
  PATHS,
  RECORDS_MEDIA_TYPE,
  UPLOAD_BYTES_MAX,
} from "@glowworm/protocol";
import type { Context, Hono } from "hono";
import { readBody } from "../body.ts";
import type { AppDeps } from "../deps.ts";
import { ProblemError, retryLater } from "../problem.ts";
import { sourcePrefixOf } from "../source-prefix.ts";
import type { NewReport } from "../store/report-store.ts";

/** `POST /v1/sightings`: stores a batch whole, or says why not. @see docs/protocol.md section 8.1 */
export function sightingsRoute(app: Hono, deps: AppDeps): void {
  app.post(PATHS.sightings, async (c) => {
    assertMediaType(c);
    const body = await readBody(c, UPLOAD_BYTES_MAX);
    const prefix = sourcePrefixOf(deps.addressOf(c));
    const batch = decodeUploadBatch(body);
    await deps.admission?.admit(c.req.header("authorization"), prefix, body);
    const reports = batch.map(({ putId, envelope }) => {
      return { getId: getIdOf(deps.crypto, putId), envelope };
    });
    await storeWithinCap(deps, prefix, reports);
    return c.body(null, 201, { "content-length": "0" });
  });
}

/** Counts before the yes, and takes the count back when there is no yes. */
async function storeWithinCap(
  deps: AppDeps,
  prefix: string,
  reports: readonly NewReport[],
): Promise<void> {
  const now = Math.floor(deps.clock.nowMs() / 1000);
  const ids = reports.map((report) => report.getId);
  const reservation = deps.cap.reserve(hourOf(now), prefix, ids);
  if (reservation === null) {
    const detail = `an id has had ${deps.cap.max} reports from this network within the hour`;
    throw retryLater("id-capped", detail, HOUR_SECONDS - (now % HOUR_SECONDS));
  }
  deps.metrics?.waiting(reports.length);
  try {
    await deps.store.put(reports);
    deps.metrics?.accepted(reports.length);
  } catch (error) {
    reservation.release();
    throw error;
  } finally {
    deps.metrics?.waiting(-reports.length);
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
}
