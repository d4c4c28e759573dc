import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PATHS, type UploadRecord } from "@glowworm/protocol";
import { uploadRecords } from "./upload-records.ts";

/**
 * What becomes of an upload: `pass` it on; `refuse` it with 503; `lose` the answer, after the server has given it; or
 * `interrupt`: call `onInterrupt` as soon as the server has said yes, and pass the yes on afterwards.
 */
export type UploadFate = "pass" | "refuse" | "lose" | "interrupt";

/** A request as the server sees it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Stands between relays, owners and a server, and writes down what passes. */
export class UploadProxy {
  fate: UploadFate = "pass";
  onInterrupt: () => Promise<void> = () => Promise.resolve();
  /** Where the server is now. */
  target = "";
  readonly requests: SeenRequest[] = [];
  /** Records of every upload that was tried. */
  readonly offered: UploadRecord[] = [];
  /** Records for which the relay has got the server's yes. */
  readonly acknowledged: UploadRecord[] = [];
  /** Records for which the server said yes and the relay was not told. */
  readonly unheard: UploadRecord[] = [];
  readonly #http = createServer((request, response) => void this.#serve(request, response));

  /** Listens on loopback; returns the address to give to relays and owners. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    this.requests.push({ method, path: url, headers: { ...headers } });
    try {
      const body = await bytesOf(request);
      const isUpload = method === "POST" && url === PATHS.sightings;
      const fate = isUpload ? this.fate : "pass";
      const records = isUpload ? uploadRecords(body) : [];
      this.offered.push(...records);
      if (fate === "refuse") return void response.writeHead(503).end();
      const answer = await this.#forward(request, body);
      const isYes = isUpload && answer.status === 201;
      if (isYes && fate === "interrupt") await this.onInterrupt();
      if (isYes && fate === "lose") this.unheard.push(...records);
      if (fate === "lose") return void request.socket.destroy();
      if (isYes) this.acknowledged.push(...records);
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(answer.body);
    } catch {
      // The server is gone: so is the connection, as it would be without a proxy.
      request.socket.destroy();
    }
  }

  async #forward(
    { method = "", url = "", headers }: IncomingMessage,
    body: Uint8Array,
  ): Promise<{ status: number; headers: Headers; body: Uint8Array }> {
    const contentType = headers["content-type"];
    const answer = await fetch(this.target + url, {
      method,
      headers: contentType === undefined ? {} : { "content-type": contentType },
      ...(method === "POST" ? { body: new Uint8Array(body) } : {}),
    });
    return {
      status: answer.status,
      headers: answer.headers,
      body: new Uint8Array(await answer.arrayBuffer()),
    };
  }
}

async function bytesOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
