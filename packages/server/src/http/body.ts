import type { Context } from "hono";
import { ProblemError } from "./problem.ts";

/** The whole body, of at most `limit` bytes. @throws {ProblemError} `body-too-large` before more is read. */
export async function readBody(c: Context, limit: number): Promise<Uint8Array> {
  const declared = c.req.header("content-length");
  if (declared !== undefined) return await readDeclared(c, Number(declared), limit);
  const bytes = new Uint8Array(limit);
  let length = 0;
  const reader = c.req.raw.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return bytes.subarray(0, length);
    if (length + next.value.length > limit) {
      await reader?.cancel();
      throw tooLarge(limit);
    }
    bytes.set(next.value, length);
    length += next.value.length;
  }
}

/**
 * Node gives no more of a body than was declared, so it can be taken in one piece: half the cost of an upload is
 * otherwise in streams.
 */
async function readDeclared(c: Context, declared: number, limit: number): Promise<Uint8Array> {
  if (declared > limit) throw tooLarge(limit);
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}

function tooLarge(limit: number): ProblemError {
  return new ProblemError("body-too-large", `expected at most ${limit} bytes: split the batch`);
}
