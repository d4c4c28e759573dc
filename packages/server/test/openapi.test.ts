import { readFileSync } from "node:fs";
import {
  PROBLEM_MEDIA_TYPE,
  PROBLEMS,
  type ProblemCode,
  RECORDS_MEDIA_TYPE,
} from "@glowworm/protocol";
import { openApiDocument } from "@glowworm/server";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Answer, Octets } from "../src/openapi/answers.ts";
import { OPERATIONS, type Operation } from "../src/openapi/operations.ts";
import { type Exchange, everyAnswer } from "./support/every-answer.ts";
import { InvitedApp } from "./support/invited.ts";

const WRITTEN = new URL("../../../docs/openapi.json", import.meta.url);

let exchanges: readonly Exchange[];
beforeAll(async () => {
  exchanges = await everyAnswer();
});

describe("the OpenAPI document", () => {
  it("is the one in docs/openapi.json: npm run openapi writes it", () => {
    expect(readFileSync(WRITTEN, "utf8")).toBe(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
  });

  it("is what the server serves", async () => {
    const served = exchanges.find(({ path }) => path === "/openapi.json");
    expect(await served?.response.clone().json()).toEqual(openApiDocument());
  });

  it("describes every answer that is given, and gives every answer that is described", async () => {
    const given = new Set(await Promise.all(exchanges.map(nameOf)));
    const described = OPERATIONS.flatMap(({ method, path, answers }) =>
      answers.flatMap(({ status, codes }) =>
        (codes.length === 0 ? ["-"] : codes).map((code) => `${method} ${path} ${status} ${code}`),
      ),
    );
    // A body that comes too slowly, or a network that reads too fast, takes a socket: server.test.ts, attack/.
    const isOverSockets = (name: string): boolean =>
      /request-timeout|^get.*rate-limited/.test(name);
    expect([...given].sort()).toEqual(described.filter((name) => !isOverSockets(name)).sort());
  });

  it("describes them as they are, byte for byte and header for header", async () => {
    expect(exchanges.length).toBeGreaterThan(30);
    for (const { method, path, response } of exchanges) {
      const { answers } = operationOf(method, path);
      const answer = answers.find(({ status }) => status === response.status);
      if (answer === undefined) throw new Error(`${path}: ${response.status} is not described`);
      for (const header of answer.headers) expect(response.headers.get(header)).not.toBeNull();
      await checkBody(answer, response.clone());
    }
  });

  it("lets web pages read what anybody may fetch, and nothing that is sent", () => {
    for (const { method, response } of exchanges) {
      const readable = response.headers.get("access-control-allow-origin");
      expect(readable).toBe(method === "get" ? "*" : null);
    }
  });

  it("describes every route of an app that takes everybody, or whoever has a token", () => {
    const routes = new InvitedApp().http.app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    const described = OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([...routes].sort()).toEqual([...described].sort());
  });

  it("gives every problem the status of its code", () => {
    for (const { answers } of OPERATIONS) {
      for (const { status, codes } of answers) {
        expect(codes.map((code: ProblemCode) => PROBLEMS[code])).toEqual(codes.map(() => status));
      }
    }
  });

  it("names every parameter of a path, and each operation once", () => {
    const { paths } = documentSchema.parse(openApiDocument());
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    for (const { path, parameters } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.map(({ name }) => name)).toEqual(inPath);
      for (const { required, schema } of parameters) {
        expect([required, schema.pattern]).toEqual([true, "^(?:0|[1-9][0-9]{0,9})$"]);
      }
    }
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(OPERATIONS.length);
  });
});

const documentSchema = z.object({
  openapi: z.literal("3.1.0"),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        parameters: z
          .array(
            z.object({
              name: z.string(),
              in: z.literal("path"),
              required: z.boolean(),
              schema: z.object({ type: z.literal("string"), pattern: z.string() }),
            }),
          )
          .default([]),
        responses: z.record(z.string(), z.object({ description: z.string() })),
      }),
    ),
  ),
});

async function nameOf({ method, path, response }: Exchange): Promise<string> {
  const code = response.ok ? "-" : ((await response.clone().json()) as { code: string }).code;
  return `${method} ${operationOf(method, path).path} ${response.status} ${code}`;
}

function operationOf(method: string, path: string): Operation {
  const operation = OPERATIONS.find((one) => {
    const pattern = one.path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+");
    return one.method === method && new RegExp(`^${pattern}(\\?.*)?$`).test(path);
  });
  if (operation === undefined) throw new Error(`${method} ${path} is not described`);
  return operation;
}

async function checkBody({ body, codes }: Answer, response: Response): Promise<void> {
  const type = response.headers.get("content-type");
  if (body === null) {
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  } else if (body instanceof z.ZodType) {
    expect(type).toBe(codes.length > 0 ? PROBLEM_MEDIA_TYPE : "application/json");
    const json: unknown = await response.json();
    // What a schema does not know it would leave out: then the two differ.
    expect(body.parse(json)).toEqual(json);
  } else {
    expect(type).toBe(RECORDS_MEDIA_TYPE);
    checkLength(body, (await response.arrayBuffer()).byteLength);
  }
}

function checkLength({ min, step, max }: Octets, length: number): void {
  expect(length).toBeGreaterThanOrEqual(min);
  expect((length - min) % step).toBe(0);
  if (max !== null) expect(length).toBeLessThanOrEqual(max);
}
