import { loadCrypto, type StoredRecord } from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import type { DeviceKeys } from "../../src/candidates/candidates.ts";
import { type FindResult, findDevice, type Progress } from "../../src/find.ts";
import { FakeServer, SERVER_URL } from "./fake-server.ts";
import { temporaryFolder } from "./folders.ts";
import { type Heard, NOON, recordOf } from "./reports.ts";

const crypto = await loadCrypto();

/** The hour that begins at noon. */
export const HOUR: number = NOON / 3600;

/** Takes pauses of up to two seconds at once, and notes them. */
export class HastyClock extends FakeClock {
  readonly pauses: number[] = [];

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms > 2000) return super.sleep(ms, signal);
    this.pauses.push(ms);
  }
}

/** An owner with one device who looks for it at noon, and the server. */
export class Scene {
  readonly server: FakeServer;
  readonly device: DeviceKeys;
  readonly clock = new HastyClock(NOON * 1000);
  readonly stop = new AbortController();
  readonly progress: Progress[] = [];
  cacheFolder: string = temporaryFolder();
  readonly #random;

  constructor(seed: string, since = NOON - 86_400) {
    this.#random = seededRandom(seed);
    this.server = new FakeServer(crypto, seededRandom("server"));
    this.device = { number: 1, key: this.#random.bytes(32), since };
  }

  record(heard: Heard): StoredRecord {
    return recordOf(crypto, this.#random, this.device.key, heard);
  }

  /** Heard in an hour, by one relay in each of the first `epochs`. */
  heardIn(epochs: number, hour: number = HOUR - 1): StoredRecord[] {
    return Array.from({ length: epochs }, (_, epoch) =>
      this.record({ seenAt: hour * 3600 + epoch * 300 + 10 }),
    );
  }

  /** Paths that were asked for since the last call, in their order. */
  asked(): string[] {
    const { requests } = this.server;
    return requests.splice(0).map((line) => line.split(" ")[1]?.slice(SERVER_URL.length) ?? "");
  }

  /** Publishes reports, each in the hour in which it arrived. */
  publish(heard: readonly Heard[]): void {
    const hourOfArrival = ({ seenAt, arrivedAt }: Heard): number =>
      Math.floor((arrivedAt ?? seenAt + 60) / 3600);
    for (const hour of [...new Set(heard.map(hourOfArrival))].sort((a, b) => a - b)) {
      const arrived = heard.filter((one) => hourOfArrival(one) === hour);
      this.server.closeHour(
        hour,
        arrived.map((one) => this.record(one)),
      );
    }
  }

  find(): Promise<FindResult> {
    const { clock, cacheFolder } = this;
    const random = seededRandom("search");
    const onProgress = (progress: Progress): void => void this.progress.push(progress);
    const { fetch } = this.server;
    const deps = { crypto, random, clock, fetch, serverUrl: SERVER_URL, cacheFolder, onProgress };
    return findDevice({ ...deps, signal: this.stop.signal }, this.device);
  }
}

/** Those of the paths that are pages of an hour. */
export function pagesIn(paths: readonly string[], hour: number = HOUR - 1): string[] {
  return paths.filter((path) => path.startsWith(`/v1/hours/${hour}/pages/`));
}
