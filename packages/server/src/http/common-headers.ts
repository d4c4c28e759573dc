import type { MiddlewareHandler } from "hono";

/** Headers of every answer of a server or a mirror. @see docs/protocol.md section 8.2 */
export function commonHeaders(isStopping: () => boolean): MiddlewareHandler {
  return async (c, next) => {
    await next();
    // Not by `c.header`, which makes the whole answer anew each time.
    const { headers } = c.res;
    headers.set("x-content-type-options", "nosniff");
    // What anybody may fetch, any web page may read: the owner's page comes from elsewhere. Credentials mean nothing.
    if (c.req.method !== "POST") headers.set("access-control-allow-origin", "*");
    if (isStopping()) headers.set("connection", "close");
  };
}
