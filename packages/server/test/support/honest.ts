import { Agent, request } from "node:http";
import { encodeUploadBatch, type RandomSource } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { someUpload } from "./fixtures.ts";

/** Twice as long as relays and owners wait: the machine of a test may be busy. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 20;

export interface HonestOptions {
  /** Address on loopback it connects from; behind a proxy, any. */
  readonly from?: string;
  /** Address the proxy says it came from. */
  readonly forwardedFor?: string;
}

/** A request of one sort, its status and how long it took. */
export async function ask(
  port: number,
  body: Uint8Array | null,
  { from = "127.0.0.1", forwardedFor }: HonestOptions,
): Promise<{ readonly status: number; readonly ms: number }> {
  const began = performance.now();
  const status = await new Promise<number>((resolve, reject) => {
    const sent = request(
      {
        port,
        host: "127.0.0.1",
        localAddress: from,
        agent: new Agent({ keepAlive: false }),
        method: body === null ? "GET" : "POST",
        path: body === null ? "/v1/hours" : "/v1/sightings",
        headers: {
          ...(body === null ? {} : { "content-type": "application/octet-stream" }),
          ...(body === null ? {} : { "content-length": body.length }),
          ...(forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor }),
        },
        signal: AbortSignal.timeout(PATIENCE_MS),
      },
      (response) => {
        response.resume().once("end", () => resolve(response.statusCode ?? 0));
        response.once("error", reject);
      },
    );
    sent.once("error", reject);
    sent.end(body ?? undefined);
  });
  return { status, ms: performance.now() - began };
}

/** Goes on uploading one report and reading the list, while `attack` runs: every answer and how long it took. */
export async function honestDuring(
  name: string,
  port: number,
  options: HonestOptions,
  attack: Promise<unknown>,
): Promise<readonly number[]> {
  const random: RandomSource = seededRandom(name);
  const statuses: number[] = [];
  const times: number[] = [];
  let isOver = false;
  const over = attack.finally(() => {
    isOver = true;
  });
  while (!isOver || statuses.length < 20) {
    for (const body of [encodeUploadBatch([someUpload(random)]), null]) {
      const { status, ms } = await ask(port, body, options);
      statuses.push(status);
      times.push(ms);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await over;
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  process.stderr.write(
    `${name}: honest requests ${times.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
  );
  return [...new Set(statuses)].sort();
}
