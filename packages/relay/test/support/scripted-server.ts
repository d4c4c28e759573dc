import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { UploadRecord } from "@glowworm/protocol";
import { uploadRecords } from "../../../../test/support/upload-records.ts";

/** One request as it came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Uint8Array;
  readonly port: number;
}

/** Answers a request. */
export type Script = (request: SeenRequest, response: ServerResponse) => void;

/** A server on loopback that does what a script says and keeps what it was sent. */
export class ScriptedServer {
  readonly seen: SeenRequest[] = [];
  script: Script = (_request, response) => response.writeHead(201).end();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => this.#answer(request, Buffer.concat(chunks), response));
      request.on("error", () => {});
    });
  }

  async start(): Promise<URL> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return new URL(`http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Records of all requests, in order. */
  get records(): readonly UploadRecord[] {
    return this.seen.flatMap(({ body }) => uploadRecords(body));
  }

  #answer(request: IncomingMessage, body: Uint8Array, response: ServerResponse): void {
    const { method = "", url = "", headers, socket } = request;
    const seen = {
      method,
      path: url,
      headers,
      body: new Uint8Array(body),
      port: socket.remotePort ?? 0,
    };
    this.seen.push(seen);
    this.script(seen, response);
  }
}

/** Answers with a problem document. */
export function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title: code, status, code, detail: code }));
}
