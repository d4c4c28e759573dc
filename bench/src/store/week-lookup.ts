import { type DeviceKeys, type FindDeps, findDevice } from "@glowworm/owner";
import { systemClock, systemRandom } from "@glowworm/platform";
import type { CryptoSuite } from "@glowworm/protocol";

/** What a lookup cost. */
export interface LookupCost {
  readonly seconds: number;
  readonly requests: number;
  readonly megabytes: number;
  readonly reports: number;
}

/** Looks for a device as `glowworm find` does, over real HTTP. @throws when something could not be read. */
export async function lookUp(
  crypto: CryptoSuite,
  serverUrl: string,
  cacheFolder: string,
  device: DeviceKeys,
): Promise<LookupCost> {
  let requests = 0;
  let bytes = 0;
  const counted: FindDeps["fetch"] = async (url, init) => {
    const response = await fetch(url, init);
    requests += 1;
    bytes += Number(response.headers.get("content-length"));
    return response;
  };
  const deps = {
    crypto,
    cacheFolder,
    serverUrl,
    fetch: counted,
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  const began = performance.now();
  const { reports, lookup } = await findDevice(deps, device);
  const seconds = (performance.now() - began) / 1000;
  const [problem] = lookup.problems;
  if (problem !== undefined) throw new Error(`lookup: ${JSON.stringify(problem)}`);
  return { seconds, requests, megabytes: bytes / 1e6, reports: reports.length };
}
