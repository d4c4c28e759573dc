export type { Place, PlaceGrade } from "./answer/places.ts";
export { CacheTrouble } from "./cache-trouble.ts";
export type { CandidateDays } from "./candidates/candidate-cache.ts";
export { type CandidateDeps, type DeviceKeys, loadCandidates } from "./candidates/candidates.ts";
export { deriveDayIds } from "./candidates/day-ids.ts";
export { IdTable } from "./candidates/id-table.ts";
export { type Hit, matchRecords } from "./candidates/match.ts";
export { type FindDeps, type FindResult, findDevice, type Progress } from "./find.ts";
export { makeCardFile } from "./keys/device-cards.ts";
export {
  addDevice,
  type Device,
  deviceNamed,
  type Registry,
  readdDevice,
} from "./keys/devices.ts";
export { OwnerFolder, restoredRegistry } from "./keys/owner-folder.ts";
export { ownerKeyFromWords, RECOVERY_WORDS, wordsOf } from "./keys/words.ts";
export { serverUrlFrom } from "./lookup/server-url.ts";
export { geoJson } from "./output/geojson.ts";
export { findJson, historyJson } from "./output/json.ts";
export { historyLine, nothingFoundLines, placeText, warningLines } from "./output/text.ts";
