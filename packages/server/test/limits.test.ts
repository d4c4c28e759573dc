import { readFileSync } from "node:fs";
import { SERVER_LIMITS } from "@glowworm/server";
import { describe, expect, it } from "vitest";

const PAGE = readFileSync(new URL("../../../docs/limits.md", import.meta.url), "utf8");

/** As settings files have it. */
function keyOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

describe("docs/limits.md", () => {
  it.each(Object.entries(SERVER_LIMITS))("gives the default of %s, %i", (name, value) => {
    const row = PAGE.split("\n").find((line) => line.startsWith(`| \`${keyOf(name)}\``));
    const written = value >= 10_000 ? value.toLocaleString("en-US") : String(value);
    expect(row?.split("|")[2]?.trim()).toBe(written);
  });
});
