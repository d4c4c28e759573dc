import { openEmbeddedStore } from "@glowworm/server";
import { crypto, temporaryFolder } from "../support/fixtures.ts";
import { describeReportStore } from "../support/report-store-suite.ts";

describeReportStore("embedded", temporaryFolder, ({ place, ...settings }) =>
  openEmbeddedStore({ folder: place, crypto, ...settings }),
);
