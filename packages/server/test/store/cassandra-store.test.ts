import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { openCassandraStore } from "@glowworm/server/cassandra";
import { describe, expect, it } from "vitest";
import { crypto, NOON_MS } from "../support/fixtures.ts";

/** Nothing listens on port 1. */
const options = {
  clock: new FakeClock(NOON_MS),
  random: seededRandom("cassandra store"),
  crypto,
  retentionDays: 30,
  contactPoints: ["127.0.0.1:1"],
  localDatacenter: "datacenter1",
  keyspace: "glowworm",
  replication: 3,
};

describe("a store over a cluster", () => {
  it("that cannot be reached is a failure that names its nodes", async () => {
    await expect(openCassandraStore(options)).rejects.toMatchObject({
      exit: "failure",
      message: expect.stringContaining("127.0.0.1:1"),
    });
  });

  it("refuses a retention that nodes cannot count", async () => {
    await expect(openCassandraStore({ ...options, retentionDays: 3651 })).rejects.toMatchObject({
      exit: "usage",
      message: expect.stringContaining("3651"),
    });
  });

  it.each([
    ["keyspace", "glowworm; DROP"],
    ["keyspace", "Glowworm"],
    ["localDatacenter", "one' : 3"],
  ])("refuses a %s of %s before it connects", async (field, name) => {
    await expect(openCassandraStore({ ...options, [field]: name })).rejects.toMatchObject({
      exit: "usage",
      message: expect.stringContaining(name),
    });
  });
});
