import { decodeFilter } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { expect, it } from "vitest";
import { AskedThread } from "../src/asked-thread.ts";

it("a question that cannot be sent to a thread has no part in the answers", async () => {
  const thread = new AskedThread<Uint8Array | (() => void), Uint8Array>("filter-worker");
  const ids = seededRandom("asked thread").bytes(16 * 100);
  await expect(thread.ask(() => undefined)).rejects.toThrow();
  const filter = decodeFilter(await thread.ask(ids));
  expect(filter.has(ids, 16 * 99)).toBe(true);
  await thread.end();
  await expect(thread.ask(ids)).rejects.toThrow(/was ended/);
});
