import { findJson, geoJson, placeText } from "@glowworm/owner";
import type { ExitName } from "@glowworm/platform";
import type { Command, Invocation } from "../command.ts";
import { conclude, LOOKUP_OPTIONS, lookForDevice, outputFormat } from "../owner-lookup.ts";
import { onlyWord } from "../positionals.ts";

export const findCommand: Command = {
  name: "find",
  summary: "show where a device was last heard",
  help: `usage: glowworm find NAME [--json | --format geojson] [--compare URL]

Reads what the server publishes to everybody, finds the reports of this device in it, opens them here and
prints where it was. The server learns neither who asks nor for what. Ctrl-C ends the reading: the answer is then from
what is on this disk and what was read until then. A second one ends at once, without an answer.

  --json              one JSON object
  --format geojson    GeoJSON (RFC 7946)
  --compare URL       ask a mirror whether the server shows it the same hours

Exit codes: 0 found, 3 found but something could not be read, 4 not found, 13 server not reached (an answer
printed then comes from this disk), 130 interrupted.

  glowworm find laptop`,
  options: LOOKUP_OPTIONS,
  run: find,
};

async function find(invocation: Invocation): Promise<ExitName> {
  const name = onlyWord(invocation.positionals, "find");
  const format = outputFormat(invocation.values);
  const looked = await lookForDevice(invocation, name);
  const { device, result } = looked;
  const { place } = result;
  if (format === "json") invocation.out(JSON.stringify(findJson(device.name, result)));
  if (format === "geojson") {
    invocation.out(JSON.stringify(geoJson(device.name, place === null ? [] : [place])));
  }
  if (format === "text" && place !== null) {
    for (const line of placeText(device.name, place, result.lookedAt)) invocation.out(line);
  }
  return conclude(invocation, looked);
}
