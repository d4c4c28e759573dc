import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Failure } from "@glowworm/platform";

/** Where a socket is opened. Port 0 takes any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Listens, and returns the base URL. @throws {Failure} naming `setting`, the setting that chose the address. */
export async function listen(
  http: HttpServer,
  { host, port }: ListenAddress,
  setting: string,
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", (error: Error & { readonly code?: string }) => {
      reject(
        new Failure(
          error.code === "EACCES" ? "noPermission" : "failure",
          `cannot listen on ${host} port ${port}: ${error.code ?? error.message}`,
          `choose another address or port: ${setting}`,
          { cause: error },
        ),
      );
    });
    http.listen(port, host, resolve);
  });
  return urlOf(http);
}

function urlOf(http: HttpServer): string {
  const { address, family, port } = http.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
