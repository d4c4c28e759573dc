import { systemRandom } from "@glowworm/platform";
import { type Clock, loadCrypto } from "@glowworm/protocol";
import { openEmbeddedStore, type ReportStore } from "@glowworm/server";

/** A server's own store, opened without a server. */
export async function openStore(
  folder: string,
  clock: Clock,
  retentionDays: number = 30,
): Promise<ReportStore> {
  const world = { crypto: await loadCrypto(), random: systemRandom, clock };
  return await openEmbeddedStore({ ...world, folder, retentionDays });
}
