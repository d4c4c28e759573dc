import { Failure } from "@glowworm/platform";
import { UNTRUSTED_AHEAD_SECONDS, type UnixSeconds } from "@glowworm/protocol";
import * as z from "zod";
import { jsonOf } from "../json-bytes.ts";

/** An accessory as the owner knows it. */
export interface Device {
  /** As the owner typed it; case does not matter when it is looked up. */
  readonly name: string;
  /** Number of the device under the owner key. Never given twice. */
  readonly number: number;
  /** No broadcast of it is older: seconds since the Unix epoch. */
  readonly since: UnixSeconds;
}

/** What the owner's settings file holds. Nothing in it opens a report. */
export interface Registry {
  /** Base URL of the server, or null until one is chosen. */
  readonly server: string | null;
  readonly nextNumber: number;
  readonly devices: readonly Device[];
}

/** Letters that are a file name everywhere, cannot be taken for an option, and can be typed anywhere. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
const NUMBER_MAX = 0xffff_ffff;

const number = z.int().min(1).max(NUMBER_MAX);
const fileSchema = z.strictObject({
  format: z.literal("glowworm devices"),
  version: z.literal(1),
  server: z.string().nullable(),
  nextNumber: number,
  devices: z.array(
    z.strictObject({ name: z.string().regex(NAME), number, since: z.int().min(0).max(NUMBER_MAX) }),
  ),
});

export function encodeRegistry(registry: Registry): Uint8Array {
  const file = { format: "glowworm devices", version: 1, ...registry };
  return new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`);
}

/** @throws {Failure} keyMissing, naming the field that is wrong. */
export function decodeRegistry(bytes: Uint8Array, path: string): Registry {
  const parsed = fileSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") || "the whole file";
    throw new Failure(
      "keyMissing",
      `${path}: ${field} is not as Glowworm writes it`,
      "put back a copy of the file, or move it away and register each device again: glowworm device add NAME --number N",
    );
  }
  const { server, nextNumber, devices } = parsed.data;
  return { server, nextNumber, devices };
}

/** Registers a device under a new number. @throws {Failure} usage */
export function addDevice(
  registry: Registry,
  name: string,
  now: UnixSeconds,
): { readonly registry: Registry; readonly device: Device } {
  const device = { name: usableName(registry, name), number: registry.nextNumber, since: now };
  return {
    device,
    registry: {
      ...registry,
      nextNumber: registry.nextNumber + 1,
      devices: [...registry.devices, device],
    },
  };
}

/**
 * Registers a device that the owner key made in another place: its number stood beside the recovery words. When it
 * was made is not known; a beacon's clock is at most 400 days wrong before it is no longer believed.
 * @throws {Failure} usage
 */
export function readdDevice(
  registry: Registry,
  name: string,
  deviceNumber: number,
  now: UnixSeconds,
): { readonly registry: Registry; readonly device: Device } {
  const taken = registry.devices.find((device) => device.number === deviceNumber);
  if (taken !== undefined) {
    throw new Failure(
      "usage",
      `--number: ${deviceNumber} is the number of ${taken.name}`,
      `glowworm find ${taken.name}`,
    );
  }
  const since = now - UNTRUSTED_AHEAD_SECONDS;
  const device = { name: usableName(registry, name), number: deviceNumber, since };
  const nextNumber = Math.max(registry.nextNumber, deviceNumber + 1);
  return { device, registry: { ...registry, nextNumber, devices: [...registry.devices, device] } };
}

/** @throws {Failure} usage when no device has this name. */
export function deviceNamed(registry: Registry, name: string): Device {
  const found = registry.devices.find((device) => isSameName(device.name, name));
  if (found !== undefined) return found;
  const names = registry.devices.map((device) => device.name).join(", ");
  const known = names === "" ? "there is none yet" : `known: ${names}`;
  const remedy =
    names === ""
      ? "glowworm device add NAME"
      : "give one of these names, or: glowworm device add NAME";
  throw new Failure("usage", `no device is called "${name}"; ${known}`, remedy);
}

function usableName(registry: Registry, name: string): string {
  if (!NAME.test(name)) {
    throw new Failure(
      "usage",
      "NAME: expected 1 to 32 letters, digits, dots, hyphens or underscores, the first a letter or digit",
      "for example: glowworm device add laptop",
    );
  }
  if (registry.devices.some((device) => isSameName(device.name, name))) {
    throw new Failure(
      "usage",
      `a device is called ${name} already`,
      "choose another name: a card file is never made twice",
    );
  }
  return name;
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
