import { randomFillSync } from "node:crypto";
import { Agent, request } from "node:http";
import { PATHS, PROTOCOL_VERSION, PUT_ID_BYTES, UPLOAD_RECORD_BYTES } from "@glowworm/protocol";

/**
 * Uploads random batches over keep-alive connections for a while, in a process of its own, and prints how many
 * reports were acknowledged and how many seconds that took. Arguments: URL, seconds, connections, records a batch.
 */
const [url = "", seconds = "1", connections = "1", records = "64"] = process.argv.slice(2);
const size = Number(records) * UPLOAD_RECORD_BYTES;
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const target = new URL(PATHS.sightings, url);

/** Each upload is a fresh body: the store would drop a repeated one. */
function batch(): Uint8Array {
  const body = randomFillSync(new Uint8Array(size));
  for (let at = PUT_ID_BYTES; at < size; at += UPLOAD_RECORD_BYTES) body[at] = PROTOCOL_VERSION;
  return body;
}

function upload(): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/octet-stream", "content-length": size };
    const call = request(target, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    call.on("error", reject);
    call.end(batch());
  });
}

const began = performance.now();
const until = began + Number(seconds) * 1000;
let acknowledged = 0;
async function connection(): Promise<void> {
  while (performance.now() < until) {
    const status = await upload();
    if (status === 201) acknowledged += Number(records);
    else if (status !== 429 && status !== 503) throw new Error(`upload answered ${status}`);
  }
}
await Promise.all(Array.from({ length: Number(connections) }, connection));
const elapsedSeconds = (performance.now() - began) / 1000;
process.stdout.write(JSON.stringify({ acknowledged, elapsedSeconds }));
agent.destroy();
