import { ISSUE_REQUEST_BYTES, PATHS, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import type { Hono } from "hono";
import type { AppDeps } from "../deps.ts";
import { readBody } from "../http/body.ts";
import type { UploadAdmission } from "../tokens/upload-admission.ts";
import { NOT_KEPT } from "./health.ts";
import { assertMediaType } from "./sightings.ts";

/** Where invited relays get upload tokens. @see docs/protocol.md section 8.6 */
export function tokenRoutes(
  app: Hono,
  admission: UploadAdmission,
  { networkOf }: Pick<AppDeps, "networkOf">,
): void {
  app.get(PATHS.tokenKeys, (c) => c.json(admission.keyList(), 200, NOT_KEPT));
  app.post(PATHS.tokens, async (c) => {
    assertMediaType(c);
    const body = await readBody(c, ISSUE_REQUEST_BYTES);
    const answer = await admission.issue(networkOf(c), body);
    return c.body(new Uint8Array(answer), 200, { ...NOT_KEPT, "content-type": RECORDS_MEDIA_TYPE });
  });
}
