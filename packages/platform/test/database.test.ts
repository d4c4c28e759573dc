import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openDatabase } from "../src/index.ts";

it("opens databases whose commits are on disk when they return", () => {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-database-"));
  const database = openDatabase(join(folder, "test.sqlite"));
  expect(database.pragma("journal_mode", { simple: true })).toBe("wal");
  const FULL = 2;
  expect(database.pragma("synchronous", { simple: true })).toBe(FULL);
  database.close();
  rmSync(folder, { recursive: true });
});
