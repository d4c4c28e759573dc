import type { Fetch } from "@glowworm/platform";
import { beforeEach, describe, expect, it } from "vitest";
import type { LookupSummary } from "../../src/lookup/lookup.ts";
import { problem } from "../support/fake-server.ts";
import { Reader } from "../support/lookup.ts";
import { HOUR } from "../support/search.ts";

const MIRROR_URL = "https://mirror.test";
let reader: Reader;

beforeEach(() => {
  reader = new Reader();
});

describe("a comparison with a mirror", () => {
  const compared = (mirror: () => Response): Promise<LookupSummary> => {
    const fetch: Fetch = (url, init) =>
      url.startsWith(MIRROR_URL) ? Promise.resolve(mirror()) : reader.server.fetch(url, init);
    return reader.lookup({ fetch, compareUrl: MIRROR_URL }).refresh(() => undefined);
  };

  it("finds nothing where both list the same, and nothing in what one of them lacks", async () => {
    const hours = reader.server.list.hours.slice(1);
    const { problems } = await compared(() => Response.json({ v: 1, hours, open: null }));
    expect(problems).toEqual([]);
  });

  it("names the hour of which the mirror has another manifest, and reads it all the same", async () => {
    const [first, second, last] = reader.server.list.hours;
    const hours = [first, { ...second, manifest: "00".repeat(32) }, last];
    const summary = await compared(() => Response.json({ v: 1, hours, open: null }));
    expect(summary.problems).toMatchObject([{ what: `hour ${HOUR - 2}`, code: "differs" }]);
    expect(summary.closedHours).toBe(3);
  });

  it("says that there was none when the mirror does not answer", async () => {
    const { problems } = await compared(() => problem(500));
    expect(problems).toMatchObject([{ what: "list of hours of the mirror", code: "status" }]);
  });
});
