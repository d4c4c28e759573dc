import { defineConfig } from "vitest/config";

const conditions = ["@glowworm/source"];

/** `npm run test:cluster`: what needs real nodes, which are started once for all of it. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/cluster/**/*.test.ts"],
    globalSetup: ["./vitest.setup.ts", "./test/cluster/support/setup.ts"],
    // The nodes need the cores themselves.
    fileParallelism: false,
    // Three nodes share two cores with the tests: one that is late for a moment is no failure of the store, twice is.
    retry: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
