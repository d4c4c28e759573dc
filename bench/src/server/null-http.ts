import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** The least a server can do with an upload: Node parses it, the body is read whole and thrown away, the answer is 201. */
export function throwAway(request: IncomingMessage, response: ServerResponse): void {
  const parts: Uint8Array[] = [];
  request.on("data", (part: Uint8Array) => parts.push(part));
  request.on("end", () => {
    Buffer.concat(parts);
    response.writeHead(201, { "content-length": "0" }).end();
  });
}

/** Listens on any free port of loopback and prints the URL. */
export function serve(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  const server: Server = createServer(listener);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    process.stdout.write(`http://127.0.0.1:${address.port}\n`);
  });
}
