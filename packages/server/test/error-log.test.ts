import { FakeClock } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { ErrorLog } from "../src/error-log.ts";

describe("the error log", () => {
  it("says each kind once a minute, and how often it was silent", () => {
    const clock = new FakeClock(0);
    const said: string[] = [];
    const log = new ErrorLog(clock, (line) => said.push(line));
    for (let error = 0; error < 1000; error++) log.report("disk", new Error("EIO"));
    log.report("request", new Error("odd"));
    clock.advance(60_000);
    log.report("disk", new Error("EIO"));
    expect(said).toEqual([
      "server: disk: EIO",
      "server: request: odd",
      "server: disk: EIO (and 999 times since)",
    ]);
  });
});
