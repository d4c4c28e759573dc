import { BATCH_RECORDS_MAX } from "@glowworm/protocol";
import { REQUEST_BYTES_MIN, SERVER_LIMITS, type ServerLimits } from "@glowworm/server";
import { z } from "zod";
import type { Setting, Settings } from "./setting.ts";

const PREFIX = "limits.";

/** `recordsPerId` as a key has it: `records_per_id`. */
type Underscored<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${First}${Underscored<Rest>}`
    : `_${Lowercase<First>}${Underscored<Rest>}`
  : "";

/** A setting for each limit: `limits.records_per_id`. */
export type LimitSettings = {
  readonly [Field in keyof ServerLimits as `${typeof PREFIX}${Underscored<Field>}`]: number;
};

interface Range {
  /** 1 unless given: what less would refuse everything. */
  readonly min?: number;
  readonly max: number;
  readonly help: string;
}

const HOUR_MS = 3_600_000;
/** More of anything is a typing error. */
const LARGEST = 1_000_000_000_000;

/** The reasons for the defaults are in docs/limits.md. */
const RANGES: Readonly<Record<keyof ServerLimits, Range>> = {
  connections: { min: 2, max: 100_000, help: "connections in all" },
  connectionsPerNetwork: { max: 100_000, help: "connections of one network" },
  headersTimeoutMs: { max: HOUR_MS, help: "milliseconds for the headers of a request" },
  requestTimeoutMs: { max: HOUR_MS, help: "milliseconds for a whole request" },
  keepAliveMs: { max: HOUR_MS, help: "milliseconds for which an answered connection stays open" },
  idleMs: { max: HOUR_MS, help: "milliseconds without a byte before a connection ends" },
  recordsPerId: { max: 255, help: "records of one id, from one network in an hour" },
  recordsPerMinute: { max: LARGEST, help: "records from one network in a minute" },
  recordsAtOnce: {
    min: BATCH_RECORDS_MAX,
    max: LARGEST,
    help: "records from one network after a silence",
  },
  bytesPerMinute: { max: LARGEST, help: "bytes read by one network in a minute" },
  bytesAtOnce: {
    min: REQUEST_BYTES_MIN,
    max: LARGEST,
    help: "bytes read by one network after a silence",
  },
};
const FIELDS = Object.keys(RANGES) as readonly (keyof ServerLimits)[];

/** A network is an IPv4 /24 or an IPv6 /48. */
export const LIMIT_SETTINGS: Settings<LimitSettings> = Object.fromEntries(
  FIELDS.map((field) => [keyOf(field), limit(SERVER_LIMITS[field], RANGES[field])]),
) as unknown as Settings<LimitSettings>;

/** The limits that the settings come to. */
export function limitsFrom(settings: LimitSettings): ServerLimits {
  const values: Readonly<Record<string, number>> = settings;
  const limits = FIELDS.map((field) => [field, values[keyOf(field)]]);
  return Object.fromEntries(limits) as unknown as ServerLimits;
}

function keyOf(field: string): string {
  return PREFIX + field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function limit(otherwise: number, { min = 1, max, help }: Range): Setting<number> {
  return {
    schema: z.int().min(min).max(max),
    kind: "number",
    otherwise: () => otherwise,
    placeholder: "N",
    expected: `a whole number from ${min} to ${max}`,
    example: otherwise,
    help: `${help} (default ${otherwise})`,
  };
}
