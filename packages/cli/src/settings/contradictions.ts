import { statfsSync } from "node:fs";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { Failure } from "@glowworm/platform";
import { CLUSTER_RETENTION_DAYS_MAX } from "@glowworm/server";
import type { HostPort } from "../host-port.ts";
import { readCertificates, readPassword } from "./cluster-files.ts";
import { halfOfLogin } from "./cluster-settings.ts";
import type { Mistake } from "./layers.ts";
import type { ServerSettings } from "./server-settings.ts";

/** Settings that are right one by one, and what is known of where they stand. */
interface Chosen {
  readonly settings: ServerSettings;
  /** Whether somebody wrote it, and did not leave the default. */
  readonly isChosen: (key: keyof ServerSettings) => boolean;
  /** Where it was written, as messages name it. */
  readonly placeOf: (key: keyof ServerSettings) => string;
}

type Rule = (chosen: Chosen) => readonly Mistake[];

/** What of checked settings cannot work together, or not on this machine. Reads the size of a disk and the files of a cluster's login and authorities; changes nothing. */
export function contradictions(chosen: Chosen): readonly Mistake[] {
  return RULES.flatMap((rule) => rule(chosen));
}

const RULES: readonly Rule[] = [
  metricsSocket,
  clusterKeys,
  clusterLogin,
  clusterFiles,
  clusterRetention,
  diskSize,
  timeouts,
];

function metricsSocket({ settings, placeOf }: Chosen): readonly Mistake[] {
  const metrics = settings["metrics.listen"];
  if (metrics === null || !isSameSocket(metrics, settings.listen)) return [];
  const message = `port ${metrics.port} is taken by listen, which has the same address`;
  return [{ place: placeOf("metrics.listen"), message, remedy: 'for example "127.0.0.1:9187"' }];
}

function clusterKeys({ settings, isChosen, placeOf }: Chosen): readonly Mistake[] {
  if (settings["cluster.contact_points"].length > 0) return [];
  const keys = Object.keys(settings) as readonly (keyof ServerSettings)[];
  return keys
    .filter((key) => key.startsWith("cluster.") && key !== "cluster.contact_points")
    .filter(isChosen)
    .map((key) => ({
      place: placeOf(key),
      message: "says nothing without cluster.contact_points: reports stay in the data folder",
      remedy: "set cluster.contact_points as well, or leave this out",
    }));
}

function clusterLogin({ settings, placeOf }: Chosen): readonly Mistake[] {
  const half = halfOfLogin(settings);
  if (half === null) return [];
  const { given, message, remedy } = half;
  return [{ place: placeOf(given), message, remedy }];
}

function clusterFiles({ settings, placeOf }: Chosen): readonly Mistake[] {
  if (settings["cluster.contact_points"].length === 0) return [];
  const readers = {
    "cluster.password_file": readPassword,
    "cluster.ca_file": readCertificates,
  } as const;
  return (["cluster.password_file", "cluster.ca_file"] as const).flatMap((key) => {
    const file = settings[key];
    return file === null ? [] : mistakesOf(() => readers[key](file), placeOf(key));
  });
}

function mistakesOf(check: () => void, place: string): readonly Mistake[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [{ place, message: error.message, remedy: error.remedy }];
  }
}

function clusterRetention({ settings, placeOf }: Chosen): readonly Mistake[] {
  const isCluster = settings["cluster.contact_points"].length > 0;
  if (!isCluster || settings.retention <= CLUSTER_RETENTION_DAYS_MAX) return [];
  const message = `a cluster keeps reports for at most ${CLUSTER_RETENTION_DAYS_MAX} days`;
  return [{ place: placeOf("retention"), message, remedy: "for example 30" }];
}

/** `min_free` counts where reports are kept in the data folder. */
function diskSize({ settings, placeOf }: Chosen): readonly Mistake[] {
  if (settings["cluster.contact_points"].length > 0) return [];
  const bytes = diskBytes(settings.data);
  if (bytes === null || settings.min_free < bytes) return [];
  const size = Math.floor(bytes / 2 ** 20);
  const message = `the whole disk of ${settings.data} has ${size} MiB: no upload would be taken`;
  return [{ place: placeOf("min_free"), message, remedy: 'for example "256 MiB"' }];
}

function timeouts({ settings, placeOf }: Chosen): readonly Mistake[] {
  const whole = settings["limits.request_timeout_ms"];
  if (settings["limits.headers_timeout_ms"] <= whole) return [];
  const message = `headers are a part of the request, which has ${whole} ms (limits.request_timeout_ms)`;
  const remedy = `${whole} or less, or raise limits.request_timeout_ms`;
  return [{ place: placeOf("limits.headers_timeout_ms"), message, remedy }];
}

function isSameSocket(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.port !== 0 && (covers(a.host, b.host) || covers(b.host, a.host));
}

/** Whether a socket at `wide` takes the place of one at `host`. */
function covers(wide: string, host: string): boolean {
  if (wide === host || wide === "::") return true;
  if (wide === "0.0.0.0") return isIP(host) !== 6;
  return wide === "localhost" && (host === "127.0.0.1" || host === "::1");
}

/** Of the disk that a folder is on or would be made on; null when it cannot be told. */
function diskBytes(folder: string): number | null {
  try {
    const { blocks, bsize } = statfsSync(folder);
    return blocks * bsize;
  } catch {
    return folder === dirname(folder) ? null : diskBytes(dirname(folder));
  }
}
