import { text } from "node:stream/consumers";
import { generate } from "./generator.ts";
import type { LoadSpec } from "./spec.ts";

/** Reads a `LoadSpec` from standard input, makes the load, and prints a `LoadResult`. */
const spec = JSON.parse(await text(process.stdin)) as LoadSpec;
process.stdout.write(JSON.stringify(await generate(spec)));
