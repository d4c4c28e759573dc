import { randomFillSync } from "node:crypto";
import { systemRandom } from "@glowworm/platform";
import { buildFilter, GET_ID_BYTES } from "@glowworm/protocol";

/**
 * Prints the bytes of memory an id that building a filter takes at most, beside the ids. Argument: how many ids. In a process
 * of its own, because a process remembers only the most it ever had.
 */
const count = Number(process.argv[2]);
const ids = randomFillSync(new Uint8Array(count * GET_ID_BYTES));
const before = process.resourceUsage().maxRSS;
buildFilter(ids, systemRandom);
process.stdout.write(`${((process.resourceUsage().maxRSS - before) * 1024) / count}\n`);
