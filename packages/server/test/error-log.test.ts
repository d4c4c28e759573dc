import { FakeClock } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { ErrorLog } from "../src/error-log.ts";
import type { LogEntry } from "../src/log.ts";

describe("the error log", () => {
  it("says each kind once a minute, and how often it was silent", () => {
    const clock = new FakeClock(0);
    const entries: LogEntry[] = [];
    const log = new ErrorLog(clock, (entry) => entries.push(entry));
    for (let error = 0; error < 1000; error++) log.report("disk", new Error("EIO"));
    log.report("request", new Error("odd"));
    clock.advance(60_000);
    log.report("disk", new Error("EIO"));
    expect(entries.map(({ text }) => text)).toEqual([
      "disk: EIO",
      "request: odd",
      "disk: EIO (and 999 times since)",
    ]);
    expect(entries.at(-1)?.facts).toEqual({ kind: "disk", error: "EIO", unsaid: 999 });
  });
});
