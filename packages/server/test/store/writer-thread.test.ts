import { StoreLostError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { WriterThread } from "../../src/store/embedded/writer-thread.ts";
import { NOON_MS, temporaryFolder } from "../support/fixtures.ts";

describe("a writing thread that has ended", () => {
  it("refuses what was asked and what is asked, and says that it will not come back", async () => {
    const thread = new WriterThread({
      folder: temporaryFolder(),
      retentionDays: 30,
      minFreeBytes: 0,
    });
    const asked = thread.ask({ kind: "open", now: NOON_MS / 1000, seed: new Uint8Array(32) });
    const refused = expect(asked).rejects.toBeInstanceOf(StoreLostError);
    await thread.end();
    await refused;
    const late = thread.ask({ kind: "close-segments", now: 1 });
    await expect(late).rejects.toBeInstanceOf(StoreLostError);
  });
});
