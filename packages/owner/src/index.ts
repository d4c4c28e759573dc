export type { CandidateDays } from "./candidate-cache.ts";
export { type CandidateDeps, type DeviceKeys, loadCandidates } from "./candidates.ts";
export { makeCardFile } from "./device-cards.ts";
export {
  addDevice,
  type Device,
  deviceNamed,
  type Registry,
  readdDevice,
} from "./devices.ts";
export { type FindDeps, type FindResult, findDevice, type Progress } from "./find.ts";
export { geoJson } from "./geojson.ts";
export { IdTable } from "./id-table.ts";
export { findJson, historyJson } from "./json.ts";
export { type Hit, matchRecords } from "./match.ts";
export { OwnerFolder, restoredRegistry } from "./owner-folder.ts";
export type { Place, PlaceGrade } from "./places.ts";
export { serverUrlFrom } from "./server-url.ts";
export { historyLine, nothingFoundLines, placeText, warningLines } from "./text.ts";
export type { Fetch } from "./transfer.ts";
export { ownerKeyFromWords, RECOVERY_WORDS, wordsOf } from "./words.ts";
