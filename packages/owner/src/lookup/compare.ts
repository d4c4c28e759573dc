import { Transfer } from "@glowworm/platform";
import { decodeHoursList, HOURS_LIST_BYTES_MAX, type HoursList, PATHS } from "@glowworm/protocol";
import { nameOf, type ProblemLog } from "./problems.ts";
import type { LookupDeps } from "./reading.ts";

/**
 * Names every closed hour of the list of which a mirror at `url` lists another manifest: then the server gives different
 * people different bytes, or one of the two has changed them. Hours that one of them lacks say nothing.
 */
export async function compareWithMirror(
  deps: LookupDeps,
  url: string,
  { hours }: HoursList,
  log: ProblemLog,
): Promise<void> {
  const transfer = new Transfer({ ...deps, serverUrl: url });
  await log.attempt("list of hours of the mirror", async () => {
    const mirrored = decodeHoursList(await transfer.get(PATHS.hours, HOURS_LIST_BYTES_MAX));
    const theirs = new Map(mirrored.hours.map(({ hour, manifest }) => [hour, manifest]));
    for (const { hour, manifest } of hours) {
      const other = theirs.get(hour) ?? manifest;
      if (other !== manifest) log.report(nameOf(hour), "differs", "the mirror has another one");
    }
  });
}
