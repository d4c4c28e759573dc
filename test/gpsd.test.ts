import { systemClock } from "@glowworm/platform";
import { ALTITUDE_UNKNOWN } from "@glowworm/protocol";
import { GpsdPosition } from "@glowworm/relay";
import { describe, expect, it } from "vitest";
import { type GpsdOptions, startGpsd } from "./support/gpsd.ts";
import { needs } from "./support/needs.ts";

const TRACK = [
  { latitude: 52.240_666, longitude: 21.0122 },
  { latitude: -33.8688, longitude: -70.15 },
] as const;
const PATIENCE_MS = 15_000;

/** Looks at the position of a relay beside a real gpsd until `isEnough`. */
async function watch(
  options: GpsdOptions,
  isEnough: (position: GpsdPosition, waitedMs: number) => boolean,
): Promise<void> {
  const gpsd = await startGpsd(options);
  const position = new GpsdPosition({ host: gpsd.host, port: gpsd.port, clock: systemClock });
  position.start();
  const beganMs = systemClock.monotonicMs();
  try {
    while (!isEnough(position, systemClock.monotonicMs() - beganMs)) {
      if (systemClock.monotonicMs() - beganMs > PATIENCE_MS) throw new Error(position.describe());
      await systemClock.sleep(20);
    }
  } finally {
    await position.stop();
    await gpsd.stop();
  }
}

describe.skipIf(needs("gpsd", "gpsfake").skip)("a real gpsd", () => {
  it("tells the relay where it is, and where it goes", async () => {
    const seen = new Set<string>();
    await watch({ track: TRACK }, (position) => {
      const fix = position.current(systemClock.nowMs());
      if (fix !== null) {
        seen.add(`${Math.round(fix.latitudeE7 / 100)} ${Math.round(fix.longitudeE7 / 100)}`);
        expect(fix.source).toBe("gnss");
        expect(fix.accuracyDm).toBeGreaterThan(0);
        // Between the two sentences of the first second gpsd knows no altitude yet.
        expect([130, ALTITUDE_UNKNOWN]).toContain(fix.altitudeMetres);
      }
      return seen.has("-3386880 -7015000");
    });
    const expected = TRACK.map(
      ({ latitude, longitude }) => `${Math.round(latitude * 1e5)} ${Math.round(longitude * 1e5)}`,
    );
    expect(expected).toEqual(expect.arrayContaining([...seen]));
  });

  it.each([
    ["behind", -60_000],
    ["ahead", 60_000],
  ])("whose receiver is a minute %s is not believed", async (_case, clockOffsetMs) => {
    await watch({ track: TRACK, clockOffsetMs }, (position, waitedMs) => {
      expect(position.current(systemClock.nowMs())).toBeNull();
      return position.describe().endsWith(": connected") && waitedMs > 3000;
    });
  });
});
