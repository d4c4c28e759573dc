import { serverUrlFrom } from "@glowworm/owner";
import type { Environment } from "@glowworm/platform";
import { PRECISIONS, type Precision, UPLOAD_DELAY_SECONDS_MAX } from "@glowworm/relay";
import type { OptionValues } from "../command.ts";
import { hostPort } from "../host-port.ts";
import { isGiven, numberOption, textOption, usage } from "../options.ts";
import { stateOption } from "../state-option.ts";

/** Where the relay's position comes from. */
export type PositionChoice =
  | {
      readonly type: "fixed";
      readonly latitude: number;
      readonly longitude: number;
      readonly accuracyMetres: number;
    }
  | { readonly type: "gpsd"; readonly host: string; readonly port: number };

/** The options of `relay run`, read and checked. */
export interface RelayRunOptions {
  readonly server: URL;
  readonly position: PositionChoice;
  readonly precision: Precision;
  readonly adapter: string;
  readonly folder: string;
  readonly maxDelayMs: number;
  readonly isClockAssumed: boolean;
  /** File of the invite, or null for a server that is public. */
  readonly inviteFile: string | null;
}

const ACCURACY_METRES = { min: 1, max: 6553, otherwise: 20 } as const;
const DELAY_SECONDS = { min: 0, max: UPLOAD_DELAY_SECONDS_MAX, otherwise: 10 } as const;
const GPSD_DEFAULT = "127.0.0.1:2947";
const DEGREES = /^[+-]?\d{1,3}(?:\.\d+)?$/;

/** @throws {Failure} usage, naming the option. */
export function relayRunOptions(values: OptionValues, env: Environment): RelayRunOptions {
  return {
    server: serverOption(values),
    position: positionOption(values),
    precision: precisionOption(values),
    adapter: textOption(values, "adapter") ?? "hci0",
    folder: stateOption(values, env, "relay"),
    maxDelayMs: numberOption(values, "max-delay", DELAY_SECONDS) * 1000,
    isClockAssumed: isGiven(values, "assume-synchronised"),
    inviteFile: textOption(values, "invite-file") ?? (env["GLOWWORM_INVITE_FILE"] || null),
  };
}

function serverOption(values: OptionValues): URL {
  const text = textOption(values, "server");
  if (text === undefined) {
    throw usage("--server is missing", "for example --server https://glow.example");
  }
  return new URL(serverUrlFrom(text, "--server"));
}

function positionOption(values: OptionValues): PositionChoice {
  const at = textOption(values, "at");
  const gpsd = textOption(values, "gpsd");
  const accuracy = textOption(values, "accuracy");
  if ((at === undefined) === (gpsd === undefined)) {
    const found = at === undefined ? "neither is given" : "both are given";
    throw usage(
      `--at or --gpsd: exactly one is needed, ${found}`,
      `--at LAT,LON for a relay that stays where it is, --gpsd ${GPSD_DEFAULT} for one that moves`,
    );
  }
  if (at !== undefined) return { ...placeOf(at), accuracyMetres: accuracyOption(values) };
  if (accuracy !== undefined) {
    throw usage("--accuracy: only for --at", "leave it out: gpsd knows its own accuracy");
  }
  return { type: "gpsd", ...hostPort("gpsd", gpsd ?? "", { portMin: 1, example: GPSD_DEFAULT }) };
}

function accuracyOption(values: OptionValues): number {
  return numberOption(values, "accuracy", ACCURACY_METRES);
}

function placeOf(text: string): {
  readonly type: "fixed";
  readonly latitude: number;
  readonly longitude: number;
} {
  const remedy = "degrees, latitude first, such as --at 52.2297,21.0122 or --at=-33.8688,151.2093";
  const parts = text.split(",").map((part) => part.trim());
  const [latitude = "", longitude = ""] = parts;
  if (parts.length !== 2 || !DEGREES.test(latitude) || !DEGREES.test(longitude)) {
    throw usage("--at: expected LAT,LON in decimal degrees", remedy);
  }
  const place = { latitude: Number(latitude), longitude: Number(longitude) };
  if (Math.abs(place.latitude) > 90) throw usage("--at: latitude is not in -90 to 90", remedy);
  if (Math.abs(place.longitude) > 180) throw usage("--at: longitude is not in -180 to 180", remedy);
  return { type: "fixed", ...place };
}

function precisionOption(values: OptionValues): Precision {
  const text = textOption(values, "precision") ?? "exact";
  const precision = PRECISIONS.find((known) => known === text);
  if (precision !== undefined) return precision;
  throw usage(
    `--precision: expected ${PRECISIONS.join(", ")}, got "${text}"`,
    "for example --precision 250m",
  );
}
