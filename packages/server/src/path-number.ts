import type { Context } from "hono";
import { ProblemError } from "./problem.ts";

const CANONICAL = /^(?:0|[1-9][0-9]{0,9})$/;

/**
 * A number in a path, spelled in the one way there is: a second spelling would be a second name for the same bytes in
 * every cache. @throws {ProblemError} `bad-path`
 */
export function pathNumber(c: Context, name: string): number {
  const text = c.req.param(name) ?? "";
  if (!CANONICAL.test(text) || new URL(c.req.url).pathname.includes("%")) {
    throw new ProblemError("bad-path", `${name}: expected a decimal number without leading zeros`);
  }
  return Number(text);
}
