import { join } from "node:path";
import type { UnixSeconds } from "@glowworm/protocol";
import type { DeviceKeys } from "../candidates/candidates.ts";
import { HitPages } from "./hit-pages.ts";
import { windowAt } from "./hour-window.ts";
import type { LookupDeps } from "./reading.ts";

/** What lookups for a device have left on this disk, beside its ids. */
export function keptFor(
  deps: Pick<LookupDeps, "crypto" | "random" | "trouble" | "cacheFolder">,
  device: DeviceKeys,
  now: UnixSeconds,
): Pick<LookupDeps, "hitPages"> {
  const { crypto, random, trouble, cacheFolder } = deps;
  const path = join(cacheFolder, "candidates", `${device.number}.pages`);
  const shared = { crypto, random, trouble, deviceKey: device.key };
  return { hitPages: new HitPages({ ...shared, path }, windowAt(now)) };
}
