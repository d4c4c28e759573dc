import { PROBLEM_MEDIA_TYPE, PROTOCOL_VERSION, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import { OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import { PATH_NUMBER } from "../http/path-number.ts";
import type { Answer, AnswerHeader, Octets } from "./answers.ts";
import { OPERATIONS, type Operation } from "./operations.ts";

const DESCRIPTION =
  "The HTTP interface of a Glowworm server; docs/protocol.md section 8 is normative. A path with another method is " +
  "refused with 405 method-not-allowed and Allow, an unknown path with 404 not-found. Every refusal is a problem " +
  "document of RFC 9457. There are no cookies, no accounts and no entity tags. HEAD is answered wherever GET is.";

const TOKEN = "uploadToken";

const HEADERS: Readonly<Record<AnswerHeader, string>> = {
  "cache-control": "no-store, or immutable for bytes that never change",
  "retry-after": "seconds after which to try again",
  "www-authenticate": "Glowworm-Token",
  "access-control-allow-origin": "any web page may read it",
};

/**
 * The interface as OpenAPI 3.1, from the schemas that requests and tests are checked with. Only the describing half of
 * the library is used: its other half would read bodies on the way to the store, and ours are not its business.
 */
export function openApiDocument(): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent("securitySchemes", TOKEN, {
    type: "http",
    scheme: "Glowworm-Token",
    description: "an upload token, section 8.6; only for servers whose admission is by invite",
  });
  for (const operation of OPERATIONS) app.openAPIRegistry.registerPath(routeOf(operation));
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Glowworm server",
      version: String(PROTOCOL_VERSION),
      description: DESCRIPTION,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
    security: [],
  });
}

function routeOf({ method, path, what, body, answers, isAdmitted }: Operation): RouteConfig {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  const params = z.object(Object.fromEntries(names.map((name) => [name, PATH_NUMBER])));
  return {
    method,
    path,
    operationId: `${method}${path.replaceAll(/[{}]/g, "").replaceAll(/\W+(\w)/g, (_, letter) => String(letter).toUpperCase())}`,
    summary: what,
    ...(isAdmitted === true ? { security: [{}, { [TOKEN]: [] }] } : {}),
    request: {
      ...(names.length === 0 ? {} : { params }),
      ...(body === null ? {} : { body: { required: true, content: contentOf(body, []) } }),
    },
    responses: Object.fromEntries(answers.map((answer) => [answer.status, responseOf(answer)])),
  };
}

function responseOf({ what, body, codes, headers }: Answer): RouteConfig["responses"][string] {
  const described = headers.map((name) => {
    return [name, { description: HEADERS[name], schema: { type: "string" as const } }];
  });
  return {
    description: what,
    headers: Object.fromEntries(described),
    ...(body === null ? {} : { content: contentOf(body, codes) }),
  };
}

type Content = NonNullable<NonNullable<RouteConfig["request"]>["body"]>["content"];

function contentOf(body: Octets | z.ZodType, codes: Answer["codes"]): Content {
  if (body instanceof z.ZodType) {
    return { [codes.length > 0 ? PROBLEM_MEDIA_TYPE : "application/json"]: { schema: body } };
  }
  const { what, min, step, max } = body;
  const length = max === min ? `${min} bytes` : `${min} bytes, or any multiple of ${step} more`;
  const limit = max === null ? {} : { maxLength: max };
  const description = `${what}: ${length}`;
  const schema = {
    type: "string",
    format: "binary",
    minLength: min,
    ...limit,
    description,
  } as const;
  return { [RECORDS_MEDIA_TYPE]: { schema } };
}
