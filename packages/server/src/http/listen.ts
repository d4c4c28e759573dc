import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { errorCode, Failure } from "@glowworm/platform";
import type { ReportError } from "./problem.ts";

/** Where a socket is opened. Port 0 takes any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Listens, and returns the base URL. What the socket cannot do later, such as to take a connection when the system has no
 * more descriptors, is told to `report`: it goes on listening.
 * @throws {Failure} naming `setting`, the setting that chose the address.
 */
export async function listen(
  http: HttpServer,
  { host, port }: ListenAddress,
  setting: string,
  report: ReportError,
): Promise<string> {
  try {
    await once(http.listen(port, host), "listening");
  } catch (cause) {
    const code = errorCode(cause);
    throw new Failure(
      code === "EACCES" ? "noPermission" : "failure",
      `cannot listen on ${host} port ${port}: ${code}`,
      `choose another address or port: ${setting}`,
      { cause },
    );
  }
  http.on("error", (error) => report("a connection could not be taken", error));
  return urlOf(http);
}

function urlOf(http: HttpServer): string {
  const { address, family, port } = http.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
