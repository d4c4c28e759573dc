import { join } from "node:path";
import { Failure, stateFolder } from "@glowworm/platform";
import { type Admission, RETENTION_DAYS_DEFAULT } from "@glowworm/protocol";
import { LOOPBACK, type LogLevel, TrustedProxies } from "@glowworm/server";
import { z } from "zod";
import { type HostPort, parseHostPort } from "../host-port.ts";
import type { LogFormat } from "../logs/server-log.ts";
import { CLUSTER_SETTINGS, type ClusterSettings } from "./cluster-settings.ts";
import { LIMIT_SETTINGS, type LimitSettings } from "./limit-settings.ts";
import type { Settings } from "./setting.ts";

/** A hundred years: more is a typing error. */
const RETENTION_DAYS_MAX = 36_525;
const LISTEN_EXAMPLE = "127.0.0.1:8787";

const UNIT_BITS: Readonly<Record<string, number>> = { M: 20, G: 30, T: 40 };

/** The settings of `glowworm server run`, checked. */
export interface ServerSettings extends LimitSettings, ClusterSettings {
  readonly data: string;
  readonly listen: HostPort;
  readonly retention: number;
  /** Bytes. */
  readonly min_free: number;
  readonly admission: Admission;
  readonly trusted_proxies: readonly string[];
  readonly "about.policy": string | null;
  readonly "about.contact": string | null;
  readonly "metrics.listen": HostPort | null;
  readonly "log.format": LogFormat;
  readonly "log.level": LogLevel;
}

const address: z.ZodType<HostPort> = z.string().transform((text, context) => {
  const parsed = parseHostPort(text, 0);
  if (parsed !== null) return parsed;
  context.addIssue("not HOST:PORT");
  return z.NEVER;
});

const bytes: z.ZodType<number> = z
  .string()
  .regex(/^[0-9]{1,6} ?[MGT]iB$/)
  .transform((text) => Number.parseInt(text, 10) * 2 ** (UNIT_BITS[text.at(-3) ?? ""] ?? 0));

/** One entry for each setting; file, environment, flags, help and `config check` follow from it. */
export const SERVER_SETTINGS: Settings<ServerSettings> = {
  data: {
    schema: z.string().min(1),
    kind: "path",
    otherwise: (env) => join(stateFolder(env), "server"),
    placeholder: "DIR",
    expected: "a folder",
    example: "/var/lib/glowworm/server",
    help: `where reports are kept (default: the state folder's "server")`,
  },
  listen: {
    schema: address,
    kind: "text",
    otherwise: () => LISTEN_EXAMPLE,
    placeholder: "HOST:PORT",
    expected: "HOST:PORT, IPv6 in brackets",
    example: LISTEN_EXAMPLE,
    help: `where to listen (default ${LISTEN_EXAMPLE}; IPv6 as [::1]:8787)`,
  },
  retention: {
    schema: z.int().min(1).max(RETENTION_DAYS_MAX),
    kind: "number",
    otherwise: () => RETENTION_DAYS_DEFAULT,
    placeholder: "DAYS",
    expected: `whole days from 1 to ${RETENTION_DAYS_MAX}`,
    example: RETENTION_DAYS_DEFAULT,
    help: `days for which reports are kept (default ${RETENTION_DAYS_DEFAULT})`,
  },
  min_free: {
    schema: bytes,
    kind: "text",
    otherwise: () => "256 MiB",
    placeholder: "SIZE",
    expected: "a whole number of MiB, GiB or TiB",
    example: "2 GiB",
    help: "what stays free of the disk: below, uploads are answered 503 (default 256 MiB)",
  },
  admission: {
    schema: z.enum(["public", "invite"]),
    kind: "text",
    otherwise: () => "public",
    placeholder: "WHO",
    expected: "public or invite",
    example: "invite",
    help: `who may upload: public, everybody; invite, relays with a "glowworm server invite" (default public)`,
  },
  trusted_proxies: {
    schema: z.array(z.string().refine(isProxy)),
    kind: "list",
    otherwise: () => LOOPBACK,
    placeholder: "LIST",
    expected: "addresses or networks of proxies, none larger than an IPv4 /8 or an IPv6 /7",
    example: ["127.0.0.0/8", "10.0.0.5"],
    help: "whose X-Forwarded-For is believed, with commas between (default: this machine)",
  },
  "about.policy": {
    schema: z.string().min(1).max(2000),
    kind: "text",
    otherwise: () => null,
    placeholder: "TEXT",
    expected: "a URL or at most 2000 characters of text",
    example: "https://glow.example/policy",
    help: "what you promise, as text or a URL; /about says it",
  },
  "about.contact": {
    schema: z.string().min(1).max(200),
    kind: "text",
    otherwise: () => null,
    placeholder: "TEXT",
    expected: "at most 200 characters",
    example: "mailto:operator@glow.example",
    help: "how to reach you; /about says it",
  },
  "metrics.listen": {
    schema: address,
    kind: "text",
    otherwise: () => null,
    placeholder: "HOST:PORT",
    expected: "HOST:PORT, IPv6 in brackets",
    example: "127.0.0.1:9187",
    help: "where /metrics listens, apart from everything else (default: nowhere)",
  },
  "log.format": {
    schema: z.enum(["text", "json"]),
    kind: "text",
    otherwise: () => "text",
    placeholder: "FORMAT",
    expected: "text or json",
    example: "json",
    help: "text for people, json for programs (default text)",
  },
  "log.level": {
    schema: z.enum(["error", "warn", "info"]),
    kind: "text",
    otherwise: () => "info",
    placeholder: "LEVEL",
    expected: "error, warn or info",
    example: "warn",
    help: "error, warn or info (default info)",
  },
  ...CLUSTER_SETTINGS,
  ...LIMIT_SETTINGS,
};

function isProxy(text: string): boolean {
  try {
    new TrustedProxies([text]);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
