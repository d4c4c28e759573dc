import { geoJson, historyJson, historyLine } from "@glowworm/owner";
import type { ExitName } from "@glowworm/platform";
import type { Command, Invocation } from "../command.ts";
import { conclude, LOOKUP_OPTIONS, lookForDevice, outputFormat } from "../owner-lookup.ts";
import { onlyWord } from "../positionals.ts";

export const historyCommand: Command = {
  name: "history",
  summary: "show where a device has been",
  help: `usage: glowworm history NAME [--json | --format geojson] [--compare URL]

Prints every place the reports tell of, oldest first: as far back as the server keeps reports, or two months of what
this computer has read before. Ctrl-C ends the reading, as for find.

  --json              one JSON object
  --format geojson    GeoJSON (RFC 7946)
  --compare URL       ask a mirror whether the server shows it the same hours

Exit codes as for find.

  glowworm history laptop --format geojson > laptop.geojson`,
  options: LOOKUP_OPTIONS,
  run: history,
};

async function history(invocation: Invocation): Promise<ExitName> {
  const name = onlyWord(invocation.positionals, "history");
  const format = outputFormat(invocation.values);
  const looked = await lookForDevice(invocation, name);
  const { device, result } = looked;
  const { places } = result;
  if (format === "json") invocation.out(JSON.stringify(historyJson(device.name, result)));
  if (format === "geojson") invocation.out(JSON.stringify(geoJson(device.name, places)));
  if (format === "text") for (const place of places) invocation.out(historyLine(place));
  return conclude(invocation, looked);
}
