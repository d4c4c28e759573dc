import { isIP } from "node:net";
import type { ClusterOptions, ServerOptions } from "@glowworm/server";
import { z } from "zod";
import { parseHostPort } from "../host-port.ts";
import { usage } from "../options.ts";
import { readCertificates, readPassword } from "./cluster-files.ts";
import { type Settings, variableOf } from "./setting.ts";

const REPLICATION_DEFAULT = 3;
/** More copies than any cluster here has use for. */
const REPLICATION_MAX = 9;
const LOGIN = ["cluster.username", "cluster.password_file"] as const;

/** Which Cassandra cluster keeps the reports. Without contact points the data folder does. */
export interface ClusterSettings {
  readonly "cluster.contact_points": readonly string[];
  readonly "cluster.datacenter": string;
  readonly "cluster.keyspace": string;
  readonly "cluster.replication": number;
  readonly "cluster.username": string | null;
  readonly "cluster.password_file": string | null;
  readonly "cluster.ca_file": string | null;
}

/** @see docs/scaling.md */
export const CLUSTER_SETTINGS: Settings<ClusterSettings> = {
  "cluster.contact_points": {
    schema: z.array(z.string().refine(isNode)),
    kind: "list",
    otherwise: () => [],
    placeholder: "LIST",
    expected: "nodes of an Apache Cassandra 5 cluster, HOST or HOST:PORT",
    example: ["10.0.0.1", "10.0.0.2"],
    help: "keep reports in this Cassandra cluster, with commas between (default: in the data folder)",
  },
  "cluster.datacenter": {
    schema: z.string().regex(/^[A-Za-z0-9_.-]+$/),
    kind: "text",
    otherwise: () => "datacenter1",
    placeholder: "NAME",
    expected: "the name of a datacenter, as nodetool status shows it",
    example: "datacenter1",
    help: "datacenter whose replicas answer (default datacenter1)",
  },
  "cluster.keyspace": {
    schema: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/),
    kind: "text",
    otherwise: () => "glowworm",
    placeholder: "NAME",
    expected: "at most 48 lowercase letters, digits and underscores, a letter first",
    example: "glowworm",
    help: "keyspace, the same for all servers over one store; made when missing (default glowworm)",
  },
  "cluster.replication": {
    schema: z.int().min(1).max(REPLICATION_MAX),
    kind: "number",
    otherwise: () => REPLICATION_DEFAULT,
    placeholder: "N",
    expected: `a whole number from 1 to ${REPLICATION_MAX}`,
    example: REPLICATION_DEFAULT,
    help: `copies of everything, when the keyspace is made (default ${REPLICATION_DEFAULT})`,
  },
  "cluster.username": {
    schema: z.string().min(1),
    kind: "text",
    otherwise: () => null,
    placeholder: "NAME",
    expected: "the name of a role of the cluster",
    example: "glowworm",
    help: "role to log in to the nodes as (default: none)",
  },
  "cluster.password_file": {
    schema: z.string().min(1),
    kind: "path",
    otherwise: () => null,
    placeholder: "FILE",
    expected: "a file that holds the password of cluster.username and nothing else",
    example: "/etc/glowworm/cluster.password",
    help: "file with its password, that not everybody may read",
  },
  "cluster.ca_file": {
    schema: z.string().min(1),
    kind: "path",
    otherwise: () => null,
    placeholder: "FILE",
    expected: "a file of certificates, PEM",
    example: "/etc/glowworm/cluster-ca.pem",
    help: "certificate authorities of the nodes: speak TLS to them (default: plain)",
  },
};

/** The cluster that the settings name, if they name one, with what its files hold. @throws {Failure} when one is not right. */
export function clusterFrom(settings: ClusterSettings): Pick<ServerOptions, "cluster"> {
  const contactPoints = settings["cluster.contact_points"];
  if (contactPoints.length === 0) return {};
  const caFile = settings["cluster.ca_file"];
  return {
    cluster: {
      contactPoints,
      localDatacenter: settings["cluster.datacenter"],
      keyspace: settings["cluster.keyspace"],
      replication: settings["cluster.replication"],
      ...loginFrom(settings),
      ...(caFile === null ? {} : { ca: readCertificates(caFile) }),
    },
  };
}

/** The half of a login that was set, the one that was not, and what to do; null when both were, or none. */
export function halfOfLogin(settings: ClusterSettings): HalfOfLogin | null {
  const [given, ...both] = LOGIN.filter((key) => settings[key] !== null);
  const missing = LOGIN.find((key) => key !== given);
  if (given === undefined || missing === undefined || both.length > 0) return null;
  const remedy = `set ${missing} (or ${variableOf(missing)}) as well, or leave this out`;
  return { given, message: `is one half of a login: ${missing} is missing`, remedy };
}

interface HalfOfLogin {
  readonly given: (typeof LOGIN)[number];
  readonly message: string;
  readonly remedy: string;
}

/** Nobody logs in by half: tools, too, which do not look for contradictions. @throws {Failure} usage */
function loginFrom(settings: ClusterSettings): Pick<ClusterOptions, "login"> {
  const half = halfOfLogin(settings);
  if (half !== null) throw usage(`${half.given}: ${half.message}`, half.remedy);
  const [username, file] = [settings["cluster.username"], settings["cluster.password_file"]];
  if (username === null || file === null) return {};
  return { login: { username, password: readPassword(file) } };
}

/** HOST, or HOST:PORT with IPv6 in brackets. */
function isNode(text: string): boolean {
  return isIP(text) !== 0 || /^[^\s:/[\]]+$/.test(text) || parseHostPort(text, 1) !== null;
}
