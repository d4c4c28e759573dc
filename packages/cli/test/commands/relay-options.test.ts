import { Failure } from "@glowworm/platform";
import { describe, expect, it } from "vitest";
import { relayRunOptions } from "../../src/commands/relay-options.ts";

const ENV = { STATE_DIRECTORY: "/state" };
const GIVEN = { server: "https://glowworm.example.org", at: "52.2297,21.0122" };

describe("the options of relay run", () => {
  it("have defaults for all but the server and the position", () => {
    expect(relayRunOptions(GIVEN, ENV)).toEqual({
      server: new URL("https://glowworm.example.org"),
      position: { type: "fixed", latitude: 52.2297, longitude: 21.0122, accuracyMetres: 20 },
      precision: "exact",
      adapter: "hci0",
      folder: "/state/relay",
      maxDelayMs: 10_000,
      isClockAssumed: false,
      inviteFile: null,
    });
  });

  it("can all be given", () => {
    const values = {
      server: "http://127.0.0.1:8787/below",
      at: "-33.8688, 151.2093",
      accuracy: "5",
      precision: "1km",
      adapter: "h4:/tmp/socket",
      state: "/elsewhere",
      "max-delay": "600",
      "assume-synchronised": true,
      "invite-file": "/invite",
    };
    expect(relayRunOptions(values, ENV)).toEqual({
      server: new URL("http://127.0.0.1:8787/below"),
      position: { type: "fixed", latitude: -33.8688, longitude: 151.2093, accuracyMetres: 5 },
      precision: "1km",
      adapter: "h4:/tmp/socket",
      folder: "/elsewhere",
      maxDelayMs: 600_000,
      isClockAssumed: true,
      inviteFile: "/invite",
    });
  });

  it("take the invite's file from the environment, unless it is given", () => {
    const env = { ...ENV, GLOWWORM_INVITE_FILE: "/from/env" };
    expect(relayRunOptions(GIVEN, env).inviteFile).toBe("/from/env");
    expect(relayRunOptions({ ...GIVEN, "invite-file": "/given" }, env).inviteFile).toBe("/given");
    expect(relayRunOptions(GIVEN, { ...ENV, GLOWWORM_INVITE_FILE: "" }).inviteFile).toBeNull();
  });

  it.each([
    ["127.0.0.1:2947", "127.0.0.1", 2947],
    ["gps.local:1", "gps.local", 1],
    ["[::1]:65535", "::1", 65_535],
  ])("take gpsd at %s", (gpsd, host, port) => {
    const { position } = relayRunOptions({ server: GIVEN.server, gpsd }, ENV);
    expect(position).toEqual({ type: "gpsd", host, port });
  });
});

describe("a mistake in an option", () => {
  it.each([
    ["--server", { server: undefined }],
    ["--server", { server: "glowworm.example.org" }],
    ["--server", { server: "ftp://glowworm.example.org" }],
    ["--server", { server: "https://me:secret@glowworm.example.org" }],
    ["--server", { server: "https://glowworm.example.org/?a=b" }],
    ["--at", { at: undefined }],
    ["--at", { gpsd: "127.0.0.1:2947" }],
    ["--at", { at: "52.2297" }],
    ["--at", { at: "52.2297,21.0122,100" }],
    ["--at", { at: "north,east" }],
    ["--at", { at: "1e1,2" }],
    ["--at", { at: "90.1,0" }],
    ["--at", { at: "0,180.1" }],
    ["--gpsd", { at: undefined, gpsd: "127.0.0.1" }],
    ["--gpsd", { at: undefined, gpsd: "127.0.0.1:0" }],
    ["--gpsd", { at: undefined, gpsd: "127.0.0.1:65536" }],
    ["--gpsd", { at: undefined, gpsd: "" }],
    ["--accuracy", { accuracy: "0" }],
    ["--accuracy", { accuracy: "near" }],
    ["--accuracy", { at: undefined, gpsd: "127.0.0.1:2947", accuracy: "5" }],
    ["--precision", { precision: "10km" }],
    ["--max-delay", { "max-delay": "601" }],
    ["--max-delay", { "max-delay": "-1" }],
  ])("names it: %s in %j", (option, change) => {
    const failure = failureOf(() => relayRunOptions({ ...GIVEN, ...change }, ENV));
    expect(failure.exit).toBe("usage");
    expect(failure.message).toContain(option);
    expect(failure.message + failure.remedy).not.toContain("secret");
  });
});

function failureOf(action: () => unknown): Failure {
  try {
    action();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("expected a failure");
}
