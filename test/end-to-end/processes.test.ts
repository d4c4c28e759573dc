import { EPOCH_SECONDS, HOUR_SECONDS, toHex } from "@glowworm/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Ear } from "../support/ear.ts";
import { METRES_PER_DEGREE } from "../support/ground.ts";
import { Household } from "../support/household.ts";
import { CROWD, play, type Story, uploadName } from "../support/household-story.ts";
import { needs } from "../support/needs.ts";

const PLACE = { latitude: 52.240_666, longitude: 21.012_233 } as const;
/** From the start of the test to the end of an epoch: everybody is up by then. */
const LEAD_SECONDS = 30;

const need = needs("btvirt", "cc", "unshare", "gpsd", "gpsfake", "faketime");

interface GeoJson {
  readonly type: string;
  readonly features: readonly {
    readonly type: string;
    readonly geometry: { readonly type: string; readonly coordinates: readonly number[] };
    readonly properties: Readonly<Record<string, unknown>>;
  }[];
}

let household: Household;
let ear: Ear;
let story: Story;

describe.skipIf(need.skip)("beacon, relay, server and owner, each a process", () => {
  beforeAll(async () => {
    const rotationMs = nextRotationMs(Date.now() + LEAD_SECONDS * 1000);
    household = await Household.open(rotationMs - LEAD_SECONDS * 1000 - Date.now(), [PLACE]);
    ear = new Ear(household.btvirt.adapter);
    try {
      story = await play(household, ear, rotationMs);
    } catch (cause) {
      throw new Error(household.transcript(), { cause });
    }
  }, 300_000);

  afterAll(async () => {
    await ear?.stop();
    await household?.close();
  });

  it("show the owner the receiver's place", () => {
    const { place } = story.firstFind;
    if (place === null) throw new Error("nothing found");
    const north = (place.lat - PLACE.latitude) * METRES_PER_DEGREE;
    const east =
      (place.lon - PLACE.longitude) *
      METRES_PER_DEGREE *
      Math.cos((PLACE.latitude * Math.PI) / 180);
    // What the radio's reach adds to the accuracy is no error of the place.
    expect(Math.hypot(north, east)).toBeLessThan(1);
    expect(place.accuracyMetres).toBeGreaterThan(1);
    expect(place).toMatchObject({ grade: "on-time", relays: 1 });
    expect(Date.parse(place.time)).toBeGreaterThanOrEqual(story.rotationMs);
    expect(Date.parse(place.time)).toBeLessThan(story.rotationMs + 30_000);
  });

  it("bring reports of the epoch before the rotation and of the one after", () => {
    const uploaded = new Set(household.proxy.acknowledged.map(({ putId }) => toHex(putId)));
    const reported = story.epochs.filter(({ putId }) => uploaded.has(toHex(putId)));
    const rotation = story.rotationMs / 1000 / EPOCH_SECONDS;
    expect(reported.map(({ index }) => index)).toEqual(
      expect.arrayContaining([rotation - 1, rotation]),
    );
    expect(story.firstFind.place?.reports).toBeGreaterThanOrEqual(2);
  });

  it("write a history that is GeoJSON", () => {
    expect(story.history.code).toBe(0);
    const { type, features } = JSON.parse(story.history.stdout) as GeoJson;
    expect(type).toBe("FeatureCollection");
    expect(features.length).toBeGreaterThan(0);
    for (const feature of features) {
      expect(feature.type).toBe("Feature");
      expect(feature.geometry.type).toBe("Point");
      const [longitude = 0, latitude = 0, ...rest] = feature.geometry.coordinates;
      expect(rest).toEqual([]);
      expect(Math.abs(longitude - PLACE.longitude)).toBeLessThan(1e-4);
      expect(Math.abs(latitude - PLACE.latitude)).toBeLessThan(1e-4);
      expect(feature.properties).toMatchObject({ device: "laptop", grade: "on-time" });
    }
  });

  it("lose nothing that a relay had sealed when it was killed", () => {
    expect(story.keptByRelay.length).toBeGreaterThanOrEqual(CROWD);
    const acknowledged = new Set(household.proxy.acknowledged.map(uploadName));
    const lost = story.keptByRelay.map(uploadName).filter((name) => !acknowledged.has(name));
    expect(lost).toEqual([]);
  });

  it("publish everything the server ever said yes to, once", () => {
    const { acknowledged, unheard } = household.proxy;
    expect(unheard.length).toBeGreaterThan(0);
    const published = story.published.map(({ envelope }) => toHex(envelope));
    for (const { envelope } of [...acknowledged, ...unheard]) {
      expect(published.filter((other) => other === toHex(envelope))).toHaveLength(1);
    }
  });

  it("find nothing twice", () => {
    const own = new Set(story.epochs.map(({ putId }) => toHex(putId)));
    const reports = new Set(
      household.proxy.acknowledged.filter(({ putId }) => own.has(toHex(putId))).map(uploadName),
    );
    expect(story.lastFind.refused).toEqual({
      copies: 0,
      notOpening: 0,
      malformed: 0,
      fromTheFuture: 0,
    });
    // A relay that was killed has forgotten that it had reported the epoch: one more report, and still one voice.
    expect(reports.size).toBeGreaterThanOrEqual(3);
    const epochs = new Set([...reports].map((name) => name.slice(0, 64)));
    expect(story.lastFind.place?.reports).toBeLessThanOrEqual(epochs.size);
    expect(story.lastFind.place?.relays).toBe(1);
  });

  it("never go back to an epoch on the air, not after a kill either", () => {
    const indexOf = new Map(story.epochs.map(({ tag, index }) => [toHex(tag), index]));
    const aired = story.heard.flatMap(({ frame, address }) => {
      const index = frame.type === "piece" ? indexOf.get(toHex(frame.tag)) : undefined;
      return index === undefined ? [] : [{ index, address: toHex(address ?? new Uint8Array()) }];
    });
    const indexes = aired.map(({ index }) => index);
    expect(indexes).toEqual([...indexes].sort((a, b) => a - b));
    expect(new Set(indexes).size).toBeGreaterThanOrEqual(2);
    // One address for each epoch, and one more after the restart.
    expect(new Set(aired.map(({ address }) => address)).size).toBe(new Set(indexes).size + 1);
    expect(story.heardAtKill).toBeGreaterThan(0);
  });

  it("end well when they are told to, and leave the air silent", () => {
    expect(story.exits).toEqual([0, 0, 0]);
    expect(story.heardAfterwards).toEqual([]);
  });

  it("say nothing that identifies or locates anybody", () => {
    const secrets = [
      ...story.epochs.flatMap(({ publicKey, putId, tag }) => [publicKey, putId, tag].map(toHex)),
      ...story.published.flatMap(({ getId, envelope }) => [toHex(getId), toHex(envelope)]),
      ...story.heard.map(({ address }) => toHex(address ?? new Uint8Array())),
    ].flatMap((hex) => [hex, Buffer.from(hex, "hex").toString("base64url")]);
    const places = [PLACE.latitude.toFixed(2), PLACE.longitude.toFixed(2)];
    for (const { process } of household.started) {
      expect(process.lines.length).toBeGreaterThan(0);
      const said = process.lines.join("\n").replaceAll(/[:\s]/g, "").toLowerCase();
      for (const secret of [...new Set([...secrets, ...places])]) {
        expect(said).not.toContain(secret.toLowerCase());
      }
    }
  });

  it("tell the server nothing about who asks", () => {
    const asked = household.proxy.requests.filter(({ method }) => method === "GET");
    expect(asked.length).toBeGreaterThan(0);
    for (const { path, headers } of asked) {
      expect(path).toMatch(/^\/v1\/(hours|open\/\d+|hours\/\d+\/(manifest|pages\/\d+))$/);
      expect(Object.keys(headers).sort()).toEqual([
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "host",
        "sec-fetch-mode",
        "user-agent",
      ]);
      expect(headers["user-agent"]).toBe("glowworm");
    }
  });
});

/** An end of an epoch at or after a time, far from the end of an hour: what is published then would move meanwhile. */
function nextRotationMs(fromMs: number): number {
  const epochMs = EPOCH_SECONDS * 1000;
  const hourMs = HOUR_SECONDS * 1000;
  const next = Math.ceil(fromMs / epochMs) * epochMs;
  const isNearHour = next % hourMs === 0 || next % hourMs > hourMs - 3 * epochMs;
  return isNearHour ? Math.ceil(next / hourMs) * hourMs + epochMs : next;
}
