import type { Context } from "hono";
import { z } from "zod";
import { ProblemError } from "./problem.ts";

/** How a number in a path is spelled: decimal, no sign, no leading zeros, at most ten digits. */
export const PATH_NUMBER: z.ZodString = z.string().regex(/^(?:0|[1-9][0-9]{0,9})$/);

/**
 * A number in a path, spelled in the one way there is: a second spelling would be a second name for the same bytes in
 * every cache. @throws {ProblemError} `bad-path`
 */
export function pathNumber(c: Context, name: string): number {
  const { success, data } = PATH_NUMBER.safeParse(c.req.param(name));
  if (!success || new URL(c.req.url).pathname.includes("%")) {
    throw new ProblemError("bad-path", `${name}: expected a decimal number without leading zeros`);
  }
  return Number(data);
}
