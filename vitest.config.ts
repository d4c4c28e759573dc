import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const conditions = ["@glowworm/source"];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
};
/** `npm run nightly` gives properties more runs, and those take their time. */
const isNightly = process.env["GLOWWORM_EFFORT"] !== undefined;
const PATIENCE_MS = isNightly ? 3_600_000 : 60_000;
const PROCESSES = ["test/end-to-end/processes.test.ts", "test/durability/**/*.test.ts"];
/** Run by `npm run test:cluster`. */
const CLUSTER = "test/cluster/**";

export default defineConfig({
  ...shared,
  test: {
    globalSetup: ["./vitest.setup.ts"],
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    projects: [
      {
        ...shared,
        extends: true,
        test: {
          name: "parts",
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...PROCESSES, CLUSTER],
          // As many as a machine of two cores has: by itself it leaves one of them idle.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...shared,
        extends: true,
        // Programs on clocks that do not wait: nothing else runs beside them.
        test: {
          name: "processes",
          include: PROCESSES,
          fileParallelism: false,
          testTimeout: PATIENCE_MS * 10,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
