import { join } from "node:path";
import type { UnixSeconds } from "@glowworm/protocol";
import type { DeviceKeys } from "../candidates/candidates.ts";
import { HitPages } from "./hit-pages.ts";
import { windowAt } from "./hour-window.ts";
import type { LookupDeps } from "./reading.ts";
import { SearchedHours } from "./searched-hours.ts";

/**
 * What lookups for a device have left on this disk, beside its ids.
 * @param firstDay day of the first of its ids.
 */
export function keptFor(
  deps: Pick<LookupDeps, "crypto" | "random" | "trouble" | "cacheFolder">,
  device: DeviceKeys,
  firstDay: number,
  now: UnixSeconds,
): Pick<LookupDeps, "hitPages" | "searchedHours"> {
  const { crypto, random, trouble, cacheFolder } = deps;
  const path = join(cacheFolder, "candidates", String(device.number));
  const shared = { crypto, random, trouble, deviceKey: device.key };
  const window = windowAt(now);
  return {
    hitPages: new HitPages({ ...shared, path: `${path}.pages` }, window),
    searchedHours: new SearchedHours({ ...shared, path: `${path}.searched`, firstDay }, window),
  };
}
