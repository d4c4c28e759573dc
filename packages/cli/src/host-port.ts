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

/** The HOST:PORT of an option, IPv6 in brackets. @throws {Failure} usage */
export function hostPort(
  option: string,
  text: string,
  limits: { readonly portMin: number; readonly example: string },
): HostPort {
  const { v6, name, port } = HOST_PORT.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  const isPort = Number(port) >= limits.portMin && Number(port) <= PORT_MAX;
  if (host !== undefined && isPort && (v6 === undefined || isIP(v6) === 6)) {
    return { host, port: Number(port) };
  }
  throw usage(
    `--${option}: expected HOST:PORT, got "${text}"`,
    `for example --${option} ${limits.example}`,
  );
}
