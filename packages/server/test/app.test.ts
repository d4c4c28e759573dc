import { getIdOf, PATHS, toHex } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { StoreUnavailableError } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { filledApp, storeThat } from "./support/every-answer.ts";
import { crypto, NOON_MS, someUpload } from "./support/fixtures.ts";
import { OCTETS, refusalOf, TestApp } from "./support/test-app.ts";

const random = seededRandom("app");

describe("the log of a server", () => {
  it.each([
    ["the store refuses", new StoreUnavailableError("EIO")],
    ["there is a bug", new Error("a bug")],
  ])("says what went wrong when %s, and nothing of who met it", async (_, error) => {
    const app = new TestApp(storeThat(() => Promise.reject(error)));
    app.address = "203.0.113.77";
    const record = someUpload(random);
    const headers = { ...OCTETS, "user-agent": "planted", "x-forwarded-for": "203.0.113.78" };
    const body = new Uint8Array([...record.putId, ...record.envelope]);
    expect((await app.uploadBytes(body, headers)).status).toBeGreaterThanOrEqual(500);
    await app.get("/v1/open/4711");
    const said = app.said.join("\n");
    expect(said).toContain(error.message);
    const ids = [toHex(record.putId), toHex(getIdOf(crypto, record.putId))];
    for (const trace of ["203.0.113", "planted", "4711", ...ids]) expect(said).not.toContain(trace);
  });
});

describe("the state of a server", () => {
  it("says what it is and how long it keeps reports", async () => {
    const { app, store } = await filledApp();
    expect(await (await app.get(PATHS.about)).json()).toEqual({
      v: 1,
      protocol: 1,
      software: expect.stringMatching(/^glowworm \d+\.\d+\.\d+$/),
      build: null,
      policy: "keeps nothing",
      contact: null,
      admission: "public",
      limits: { recordsPerUpload: 64, recordsPerId: 64 },
      retentionDays: 30,
    });
    expect((await app.get(PATHS.health)).status).toBe(200);
    expect((await app.get(PATHS.ready)).status).toBe(200);
    await store.close();
  });

  it.each<[string, (app: TestApp) => void]>([
    ["it stops", (app) => (app.isStopping = true)],
    ["its clock is behind what it published", (app) => app.clock.setWall(NOON_MS)],
  ])("is alive but not ready when %s", async (_, change) => {
    const { app, store } = await filledApp();
    change(app);
    expect((await app.get(PATHS.health)).status).toBe(200);
    expect(await refusalOf(await app.get(PATHS.ready))).toEqual([503, "store-unavailable"]);
    await store.close();
  });

  it("is not ready when its store cannot be written", async () => {
    const app = new TestApp(storeThat(() => Promise.reject(new Error("unused"))));
    expect(await refusalOf(await app.get(PATHS.ready))).toEqual([503, "store-unavailable"]);
  });
});
