import { FakeClock } from "@glowworm/protocol/testing";
import { expect, it } from "vitest";
import { waitAtMost } from "../src/patience.ts";

it("gives what work gives or throws in time", async () => {
  const limit = { clock: new FakeClock(0), ms: 10 };
  const late: unknown[] = [];
  const note = (error: unknown): number => late.push(error);
  expect(await waitAtMost(limit, Promise.resolve(7), note)).toBe(7);
  const failing = waitAtMost(limit, Promise.reject(new Error("no")), note);
  await expect(failing).rejects.toThrow("no");
  expect(late).toEqual([]);
});

it("gives null after its time, and tells what the work throws later", async () => {
  const clock = new FakeClock(0);
  const late: unknown[] = [];
  let fail = (_error: Error): void => {};
  const work = new Promise<number>((_resolve, reject) => {
    fail = reject;
  });
  const waiting = waitAtMost({ clock, ms: 10 }, work, (error) => late.push(error));
  clock.advance(10);
  expect(await waiting).toBeNull();
  fail(new Error("too late"));
  await new Promise(setImmediate);
  expect(late).toEqual([new Error("too late")]);
});
