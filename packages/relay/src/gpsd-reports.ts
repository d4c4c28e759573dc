import { ALTITUDE_UNKNOWN } from "@glowworm/protocol";
import { accuracyDmFromMetres, e7FromDegrees, type Fix } from "./position.ts";

/** What one line of gpsd's JSON protocol means to a relay. */
export type GpsdReport =
  | { readonly type: "version"; readonly major: number }
  /** `fix` is null when this receiver knows no place, or says so in a way that proves nothing. */
  | { readonly type: "position"; readonly device: string; readonly fix: Fix | null }
  | { readonly type: "other" };

const OTHER: GpsdReport = { type: "other" };
const MODE_2D = 2;
const MODE_3D = 3;
/** Radius when gpsd gives no estimate, metres. */
const ACCURACY_2D_METRES = 50;
const ACCURACY_3D_METRES = 15;
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const ALTITUDE_METRES_MAX = 0x7fff;

/** Reads a line; anything that is not a report we know, garbage included, is `other`. Never throws. */
export function readGpsdLine(line: string): GpsdReport {
  const value = parseObject(line);
  if (value === null) return OTHER;
  if (value["class"] === "VERSION") {
    return { type: "version", major: finite(value["proto_major"]) ?? Number.NaN };
  }
  if (value["class"] !== "TPV") return OTHER;
  const device = typeof value["device"] === "string" ? value["device"] : "";
  return { type: "position", device, fix: fixOf(value) };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(line: string): JsonObject | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : null;
}

function fixOf(tpv: JsonObject): Fix | null {
  const mode = finite(tpv["mode"]) ?? 0;
  const latitude = within(tpv["lat"], 90);
  const longitude = within(tpv["lon"], 180);
  const atMs = timeOf(tpv["time"]);
  if (mode < MODE_2D || latitude === null || longitude === null || atMs === null) return null;
  return {
    latitudeE7: e7FromDegrees(latitude),
    longitudeE7: e7FromDegrees(longitude),
    accuracyDm: accuracyDmFromMetres(accuracyMetres(tpv, mode)),
    altitudeMetres: mode >= MODE_3D ? altitudeOf(tpv) : ALTITUDE_UNKNOWN,
    source: "gnss",
    atMs,
  };
}

/** gpsd's own estimate of the horizontal error, else the larger of its parts, else what the mode suggests. */
function accuracyMetres(tpv: JsonObject, mode: number): number {
  const whole = positive(tpv["eph"]);
  if (whole !== null) return whole;
  const parts = Math.max(positive(tpv["epx"]) ?? 0, positive(tpv["epy"]) ?? 0);
  if (parts > 0) return parts;
  return mode >= MODE_3D ? ACCURACY_3D_METRES : ACCURACY_2D_METRES;
}

function altitudeOf(tpv: JsonObject): number {
  const altitude = within(tpv["altHAE"], ALTITUDE_METRES_MAX);
  return altitude === null ? ALTITUDE_UNKNOWN : Math.round(altitude);
}

function timeOf(value: unknown): number | null {
  if (typeof value !== "string" || !UTC_TIME.test(value)) return null;
  return finite(Date.parse(value));
}

function within(value: unknown, limit: number): number | null {
  const number = finite(value);
  return number !== null && Math.abs(number) <= limit ? number : null;
}

function positive(value: unknown): number | null {
  const number = finite(value);
  return number !== null && number > 0 ? number : null;
}

function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
