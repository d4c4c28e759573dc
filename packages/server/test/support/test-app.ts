import { encodeUploadBatch, type UploadRecord } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import type { Hono } from "hono";
import { aboutOf } from "../../src/about.ts";
import { createApp } from "../../src/app.ts";
import { SERVER_LIMITS } from "../../src/http/limits.ts";
import { sourcePrefixOf } from "../../src/http/source-prefix.ts";
import { IdCap } from "../../src/id-cap.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import type { ReportStore } from "../../src/store/report-store.ts";
import type { UploadAdmission } from "../../src/tokens/upload-admission.ts";
import { crypto, NOON_MS } from "./fixtures.ts";

/** What a request can be sent with. */
export type Body = NonNullable<RequestInit["body"]>;

/** What an upload is sent with. */
export const OCTETS: Readonly<Record<string, string>> = {
  "content-type": "application/octet-stream",
};

/** An app in this process whose requests come from a network of the test's choice. */
export class TestApp {
  readonly clock: FakeClock;
  readonly said: string[] = [];
  readonly app: Hono;
  readonly metrics: Metrics = new Metrics();
  address: string | undefined = "192.0.2.1";
  isStopping = false;

  constructor(
    store: ReportStore,
    clock: FakeClock = new FakeClock(NOON_MS),
    admissionOf: (cap: IdCap) => UploadAdmission | null = () => null,
  ) {
    const cap = new IdCap(SERVER_LIMITS.recordsPerId, crypto, seededRandom("test app"));
    const admission = admissionOf(cap);
    this.clock = clock;
    this.app = createApp({
      store,
      clock,
      crypto,
      cap,
      admission,
      about: aboutOf(
        { build: null, policy: "keeps nothing", contact: null },
        {
          admission: admission === null ? "public" : "invite",
          retentionDays: 30,
          limits: SERVER_LIMITS,
        },
      ),
      metrics: this.metrics,
      networkOf: () => sourcePrefixOf(this.address),
      isStopping: () => this.isStopping,
      reportError: (kind, error) => this.said.push(`${kind}: ${error}`),
    });
  }

  async get(path: string, method = "GET"): Promise<Response> {
    return await this.app.request(path, { method });
  }

  async upload(records: readonly UploadRecord[]): Promise<Response> {
    return await this.uploadBytes(encodeUploadBatch(records));
  }

  async uploadBytes(
    body: Body,
    headers: Readonly<Record<string, string>> = OCTETS,
  ): Promise<Response> {
    const init: RequestInit = { method: "POST", headers, body, duplex: "half" };
    return await this.app.request("/v1/sightings", init);
  }
}

/** Status and code of a refusal, whose document says the same status as its header. */
export async function refusalOf(response: Response): Promise<readonly [number, string]> {
  const problem = (await response.json()) as { status: number; code: string };
  if (response.headers.get("content-type") !== "application/problem+json")
    return [0, "not a problem"];
  return [problem.status === response.status ? response.status : -1, problem.code];
}
