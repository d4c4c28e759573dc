import { systemClock } from "@glowworm/platform";
import { seededRandom } from "@glowworm/protocol/testing";
import { type LogEntry, Server, type ServerOptions } from "@glowworm/server";
import { describe, expect, it } from "vitest";
import { crypto, temporaryFolder } from "./support/fixtures.ts";

const random = seededRandom("start");

/** What a server says that starts and stops. */
async function said(options: Partial<ServerOptions>): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  const server = new Server({
    clock: systemClock,
    random,
    crypto,
    dataFolder: temporaryFolder(),
    host: "127.0.0.1",
    port: 0,
    retentionDays: 30,
    log: (entry) => entries.push(entry),
    ...options,
  });
  await server.start();
  await server.stop();
  return entries;
}

describe("a server that starts", () => {
  it("says that no upload will be taken when its disk is too full, with both numbers", async () => {
    const [entry] = await said({ minFreeBytes: 2 ** 50 });
    expect(entry).toMatchObject({ level: "warn", event: "disk-full" });
    expect(entry?.text).toMatch(/has \d+ MiB left, less than min_free \(1073741824 MiB\).*503/);
    const ordinary = await said({ minFreeBytes: 1 });
    expect(ordinary.map(({ event }) => event)).toEqual(["listening", "stopping", "stopped"]);
  });

  it("names the token secret when it makes it, and only then", async () => {
    const options = { admission: "invite", dataFolder: temporaryFolder() } as const;
    const [first] = await said(options);
    expect(first).toMatchObject({ level: "info", event: "token-secret-made" });
    expect(first?.text).toContain("token.secret");
    const again = await said(options);
    expect(again.map(({ event }) => event)).toEqual(["listening", "stopping", "stopped"]);
  });
});
