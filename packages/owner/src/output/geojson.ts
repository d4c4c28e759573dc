import type { Place } from "../answer/places.ts";
import { type PlaceJson, placeJson } from "./json.ts";

/** RFC 7946: a feature a place, longitude first, WGS 84 as the format demands, times RFC 3339. */
export function geoJson(device: string, places: readonly Place[]): object {
  const features = places.map(placeJson).map((place) => featureOf(device, place));
  return { type: "FeatureCollection", features };
}

function featureOf(device: string, place: PlaceJson): object {
  return {
    type: "Feature",
    geometry: { type: "Point", coordinates: [place.lon, place.lat] },
    properties: {
      device,
      time: place.time,
      accuracy_m: place.accuracyMetres,
      reports: place.reports,
      relays: place.relays,
      relays_disagreeing: place.relaysDisagreeing,
      grade: place.grade,
    },
  };
}
