import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const PACKAGES = new URL("../packages/", import.meta.url).pathname;

/** What each package may import besides Node's own modules; the arrows of the architecture. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: ["libsodium-wrappers", "@noble/curves"],
  platform: ["@glowworm/protocol", "better-sqlite3"],
  radio: ["@glowworm/protocol", "@glowworm/platform"],
  beacon: ["@glowworm/protocol", "@glowworm/platform", "@glowworm/radio"],
  relay: ["@glowworm/protocol", "@glowworm/platform", "@glowworm/radio"],
  server: [
    "@glowworm/protocol",
    "@glowworm/platform",
    "hono",
    "@hono/node-server",
    "@hono/zod-openapi",
    "cassandra-driver",
    "prom-client",
    "zod",
  ],
  owner: ["@glowworm/protocol", "@glowworm/platform", "@scure/bip39", "zod"],
  demo: ["protocol", "platform", "radio", "beacon", "relay", "server", "owner"].map(ours),
  cli: [
    ...["protocol", "platform", "radio", "beacon", "relay", "server", "owner", "demo"].map(ours),
    "pino",
    "smol-toml",
    "zod",
  ],
};

/** Third-party drivers and the one file that may name each. */
const DRIVERS: Readonly<Record<string, string>> = {
  "libsodium-wrappers": "protocol/src/crypto/sodium.ts",
  "@noble/curves": "protocol/src/crypto/voprf.ts",
  "better-sqlite3": "platform/src/database.ts",
  "@abandonware/noble": "relay/src/noble-scanner.ts",
  "@abandonware/bleno": "beacon/src/bleno-advertiser.ts",
  "cassandra-driver": "server/src/store/cassandra/session.ts",
  "@hono/node-server": "server/src/http/http-server.ts",
  "@scure/bip39": "owner/src/keys/words.ts",
  "@hono/zod-openapi": "server/src/openapi/document.ts",
  "prom-client": "server/src/metrics/metrics.ts",
  pino: "cli/src/logs/json-log.ts",
  "smol-toml": "cli/src/settings/toml.ts",
};

/** Folders and files that may touch the clock, timers, the network and the process. */
const WORLD: RegExp = /^(platform\/src\/|cli\/(src|bin)\/|demo\/src\/)/;
const WORLD_GLOBALS: RegExp =
  /\b(Date\.now\(|new Date\(\)|setTimeout\(|setInterval\(|setImmediate\(|performance\.now\(|process\.(env|exit|on)\b)/;

interface Source {
  readonly path: string;
  readonly packageName: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const SOURCES: readonly Source[] = readdirSync(PACKAGES).flatMap((packageName) =>
  filesBelow(join(PACKAGES, packageName, "src")).map((file) => {
    const text = readFileSync(file, "utf8");
    return { path: relative(PACKAGES, file), packageName, text, imports: importsOf(text) };
  }),
);

describe("architecture", () => {
  it("reads every package", () => {
    expect(new Set(SOURCES.map((source) => source.packageName))).toEqual(
      new Set(Object.keys(ALLOWED)),
    );
  });

  it.each(Object.keys(ALLOWED))("%s imports only what it may", (packageName) => {
    const allowed = ALLOWED[packageName] ?? [];
    const foreign = SOURCES.filter((source) => source.packageName === packageName).flatMap(
      (source) =>
        source.imports
          .filter((name) => !name.startsWith(".") && !name.startsWith("node:"))
          .filter((name) => !allowed.some((ok) => name === ok || name.startsWith(`${ok}/`)))
          .map((name) => `${source.path}: ${name}`),
    );
    expect(foreign).toEqual([]);
  });

  it.each(Object.entries(DRIVERS))("%s is named in one file", (driver, home) => {
    const named = SOURCES.filter((source) => source.text.includes(`"${driver}`));
    expect(named.map((source) => source.path)).toEqual([home]);
  });

  it("touches clock, timers and process only at the edges", () => {
    const touching = SOURCES.filter((source) => !WORLD.test(source.path))
      .filter((source) => WORLD_GLOBALS.test(withoutComments(source.text)))
      .map((source) => source.path);
    expect(touching).toEqual([]);
  });

  it("draws no randomness from Math.random", () => {
    const drawing = SOURCES.filter((source) => source.text.includes("Math.random"));
    expect(drawing.map((source) => source.path)).toEqual([]);
  });
});

function ours(name: string): string {
  return `@glowworm/${name}`;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function importsOf(text: string): string[] {
  const found = text.matchAll(/^(?:import|[^"\n]*\bfrom) "([^"]+)".*;$|\bimport\("([^"]+)"\)/gm);
  return [...found].map((match) => match[1] ?? match[2] ?? "");
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
}
