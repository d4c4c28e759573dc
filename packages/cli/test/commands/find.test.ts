import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { glowworm } from "../support/glowworm.ts";
import { LAST_HOUR, ownerWithReports } from "../support/owner.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe("glowworm find", () => {
  it("prints the place for a person, for programs and for maps", async () => {
    await ownerWithReports(home, 3);
    const text = await glowworm(home, ["find", "laptop"]);
    expect(text).toMatchObject({ code: 0, talk: "" });
    expect(text.out).toMatch(/^Laptop: 52\.52\d*, 13\.40\d*, within \d+ m\n/);
    expect(text.out).toMatch(/3 relays agree; on time\ngeo:52\.52\d*,13\.40\d*;u=\d+\n$/);
    const json = JSON.parse((await glowworm(home, ["find", "laptop", "--json"])).out);
    expect(json).toMatchObject({
      v: 1,
      device: "Laptop",
      place: { lat: 52.52, lon: 13.405, relays: 3 },
    });
    const map = JSON.parse((await glowworm(home, ["find", "laptop", "--format", "geojson"])).out);
    expect(map.features[0].geometry).toEqual({ type: "Point", coordinates: [13.405, 52.52] });
    expect(await glowworm(home, ["find", "laptop", "--format", "kml"])).toMatchObject({ code: 2 });
  });

  it("works with a key that was brought back from its words on another computer", async () => {
    const { url, words } = await ownerWithReports(home, 1);
    const second = join(home, "second");
    const moved = { XDG_CONFIG_HOME: second };
    const init = ["init", "--restore", "--no-passphrase", "--server", url];
    expect(await glowworm(home, init, words, moved)).toMatchObject({ code: 0, out: "" });
    const add = ["device", "add", "old", "--number", "1"];
    expect(await glowworm(home, add, "", moved)).toMatchObject({ code: 0, out: "" });
    const found = await glowworm(home, ["find", "old", "--json"], "", moved);
    expect(JSON.parse(found.out)).toMatchObject({ found: true, warnings: ["one-report"] });
  });

  it("says when a part could not be read, and still gives the answer", async () => {
    const { server } = await ownerWithReports(home, 2);
    const page = `/v1/hours/${LAST_HOUR - 1}/pages/0`;
    server.lies.set(page, () => new Response(null, { status: 500 }));
    const { code, out, talk } = await glowworm(home, ["find", "laptop"]);
    expect(code).toBe(3);
    expect(out).toContain("2 relays agree");
    expect(talk).toContain(`hour ${LAST_HOUR - 1}: HTTP 500`);
  });

  it("answers from this disk when the server is gone, and says so", async () => {
    const { stop } = await ownerWithReports(home, 2);
    const before = await glowworm(home, ["find", "laptop", "--json"]);
    stop();
    const { code, out } = await glowworm(home, ["find", "laptop", "--json"]);
    expect(code).toBe(13);
    expect(JSON.parse(out)).toMatchObject({
      place: JSON.parse(before.out).place,
      warnings: ["server-not-reached"],
    });
  });

  it("says that there is no key before it looks for the device", async () => {
    const { code, talk } = await glowworm(home, ["find", "laptop"]);
    expect(code).toBe(10);
    expect(talk).toMatch(/there is no owner key\n {2}glowworm init\n$/);
  });

  it("explains why there may be nothing", async () => {
    const { server } = await ownerWithReports(home, 0);
    const { code, out, talk } = await glowworm(home, ["find", "laptop"]);
    expect({ code, out }).toEqual({ code: 4, out: "" });
    expect(talk).toContain("512 records");
    expect(talk).toMatch(/1\. no relay has been near it/);
    expect(server.requests).toHaveLength(1 + 2 * 2);
  });
});
