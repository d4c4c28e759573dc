/**
 * Loaded into a program before its own first line (`node --import`): the wall clock is ahead of the machine's by what the
 * file of `GLOWWORM_TEST_CLOCK` says, eight bytes, milliseconds as a float64, at any moment; and what sleeps wakes when
 * that clock says so. Sleeps are cut into slices, because nothing tells a timer that a file has changed.
 */
import { openSync, readSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

const SLICE_MS = 10;

const file = openSync(process.env.GLOWWORM_TEST_CLOCK, "r");
const bytes = Buffer.alloc(8);
const realNow = Date.now;
const realDelay = timers.setTimeout;

Date.now = () => {
  readSync(file, bytes, 0, 8, 0);
  return realNow() + bytes.readDoubleLE(0);
};

timers.setTimeout = async (ms, value, options) => {
  const end = Date.now() + ms;
  for (let left = ms; left > 0; left = end - Date.now()) {
    await realDelay(Math.min(left, SLICE_MS), undefined, options);
  }
  return value;
};

syncBuiltinESMExports();
