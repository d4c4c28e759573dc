import { isIP } from "node:net";
import { usage } from "./options.ts";

const HOST_PORT = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^\s:/[\]]+)):(?<port>[0-9]{1,5})$/;
const PORT_MAX = 65_535;

/** Where to connect or listen. */
export interface HostPort {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** HOST:PORT with IPv6 in brackets, or null when it is none. */
export function parseHostPort(text: string, portMin: number): HostPort | null {
  const { v6, name, port } = HOST_PORT.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  const isPort = Number(port) >= portMin && Number(port) <= PORT_MAX;
  if (host === undefined || !isPort || (v6 !== undefined && isIP(v6) !== 6)) return null;
  return { host, port: Number(port) };
}

/** The HOST:PORT of an option, IPv6 in brackets. @throws {Failure} usage */
export function hostPort(
  option: string,
  text: string,
  limits: { readonly portMin: number; readonly example: string },
): HostPort {
  const parsed = parseHostPort(text, limits.portMin);
  if (parsed !== null) return parsed;
  throw usage(
    `--${option}: expected HOST:PORT, got "${text}"`,
    `for example --${option} ${limits.example}`,
  );
}
