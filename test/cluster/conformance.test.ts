import { describe } from "vitest";
import { describeReportStore } from "../../packages/server/test/support/report-store-suite.ts";
import { newPlace, nodes, openStore } from "./support/cluster.ts";

describe.skipIf(nodes.length === 0)("on three nodes", () => {
  describeReportStore("Cassandra", newPlace, openStore);
});
