import { dayOf } from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import {
  addDevice,
  decodeRegistry,
  deviceNamed,
  encodeRegistry,
  type Registry,
  readdDevice,
} from "../../src/keys/devices.ts";
import { restoredRegistry } from "../../src/keys/owner-folder.ts";
import { NOON } from "../support/reports.ts";

const EMPTY: Registry = { server: null, nextNumber: 1, devices: [] };
const usage = expect.objectContaining({ exit: "usage" });

describe("devices", () => {
  it("get numbers that are never given twice, not even after a removal", () => {
    const { registry } = addDevice(EMPTY, "laptop", NOON);
    const { device } = addDevice({ ...registry, devices: [] }, "tablet", NOON);
    expect(device.number).toBe(2);
  });

  it("are found whatever the case of the name", () => {
    const { registry, device } = addDevice(EMPTY, "Laptop", NOON);
    expect(deviceNamed(registry, "LAPTOP")).toEqual(device);
    expect(() => deviceNamed(registry, "phone")).toThrow(usage);
    expect(() => addDevice(registry, "laptop", NOON)).toThrow(usage);
  });

  it.each([
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "-rf",
    ".hidden",
    "a b",
    "a\n",
    "ä",
    "x".repeat(33),
  ])("refuse the name %j", (name) => {
    expect(() => addDevice(EMPTY, name, NOON)).toThrow(usage);
  });

  it("of a restored key never meet the numbers counted before it was lost", () => {
    const restored = restoredRegistry(null, NOON);
    expect(restored.nextNumber).toBe(dayOf(NOON));
    const { registry, device } = readdDevice(restored, "laptop", 1, NOON);
    expect(device.since).toBe(NOON - 400 * 86_400);
    expect(registry.nextNumber).toBe(restored.nextNumber);
    expect(() => readdDevice(registry, "other", 1, NOON)).toThrow(usage);
  });
});

describe("registry file", () => {
  const full = { ...addDevice(EMPTY, "laptop", NOON).registry, server: "https://glow.test" };

  it("comes back as it was written", () => {
    expect(decodeRegistry(encodeRegistry(full), "devices.json")).toEqual(full);
  });

  it.each([
    ["not JSON", "{"],
    ["another version", JSON.stringify({ format: "glowworm devices", version: 2 })],
    [
      "a name with a path",
      new TextDecoder().decode(encodeRegistry(full)).replace("laptop", "../x"),
    ],
    ["an unknown field", new TextDecoder().decode(encodeRegistry(full)).replace("{", '{"x":1,')],
  ])("is refused with %s", (_what, text) => {
    expect(() => decodeRegistry(new TextEncoder().encode(text), "devices.json")).toThrow(
      expect.objectContaining({ exit: "keyMissing" }),
    );
  });
});
