export {
  ascii,
  ByteReader,
  ByteWriter,
  compareBytes,
  concat,
  equalBytes,
  fromHex,
  isAllZero,
  toHex,
} from "./bytes.ts";
export {
  CARD_BYTES,
  CARD_FILE_HEADER_BYTES,
  type CardFile,
  decodeCardFile,
  encodeCardFile,
  seedOffset,
} from "./cards.ts";
export {
  assertFilterHas,
  type Checked,
  checkFilter,
  type HourSource,
  type PageOfHour,
  pagesOf,
  readFilter,
  readManifest,
  readPage,
} from "./closed-hour.ts";
export { loadCrypto } from "./crypto/load.ts";
export { type Aead, type CryptoSuite, KEY_BYTES, type KeyAgreement } from "./crypto/suite.ts";
export {
  type Blinding,
  blindInput,
  deriveVoprfKeys,
  type Evaluation,
  evaluateBlinded,
  evaluateInput,
  finalizeOutputs,
  ProofError,
  type VoprfKeys,
} from "./crypto/voprf.ts";
export {
  ENVELOPE_BYTES,
  type EpochOpener,
  epochOpener,
  openEnvelope,
  sealSighting,
} from "./envelope.ts";
export {
  DecodeError,
  type DecodeErrorCode,
  ProtocolError,
  UsageError,
  WeakKeyError,
} from "./errors.ts";
export {
  decodeFilter,
  FILTER_CELL_BYTES,
  FILTER_HEADER_BYTES,
  type Filter,
  filterBytesMax,
  filterHash,
} from "./filter.ts";
export { buildFilter } from "./filter-build.ts";
export { hashId } from "./filter-hash.ts";
export {
  decodeAdvertisement,
  decodeFrame,
  encodeAdvertisement,
  encodeFrame,
  type Frame,
  joinPieces,
  PIECE_FRAME_BYTES,
  type PieceFrame,
  type PieceKind,
  piecesOf,
  STATUS_SEPARATED,
  WHOLE_FRAME_BYTES,
  type WholeFrame,
} from "./frames.ts";
export {
  checkRecords,
  decodeRecords,
  encodeRecords,
  hourOf,
  hourOfSegment,
  hourPadding,
  SEGMENTS_PER_HOUR,
  segmentOf,
  segmentPadding,
} from "./hours.ts";
export {
  decodeHoursList,
  HOUR_PAGES_MAX,
  HOUR_RECORDS_MAX,
  HOURS_LIST_BYTES_MAX,
  type ListedHour,
} from "./hours-list.ts";
export { hpkeOpen, hpkeSeal, type Sealed } from "./hpke.ts";
export {
  type About,
  type AboutLimits,
  type Admission,
  type HoursList,
  PATHS,
  PROBLEM_MEDIA_TYPE,
  PROBLEMS,
  type Problem,
  type ProblemCode,
  RECORDS_MEDIA_TYPE,
  UPLOAD_BYTES_MAX,
} from "./http.ts";
export {
  envelopeDigest,
  GET_ID_BYTES,
  getIdOf,
  labelledHash,
  PUT_ID_BYTES,
  putIdOf,
  TAG_BYTES,
  tagOf,
} from "./ids.ts";
export { decodeInvite, encodeInvite, INVITE_BYTES, inviteHash } from "./invite.ts";
export {
  advanceSeed,
  blindingOf,
  type DayCard,
  type DayKeys,
  dayCardOf,
  deriveDayKeys,
  deriveDeviceKey,
  epochPrivateKey,
  epochPublicKey,
  minuteToken,
  nextSeed,
} from "./keys.ts";
export {
  decodeManifest,
  decodePage,
  encodeManifest,
  HASH_BYTES,
  hasFilter,
  type Manifest,
  manifestBytes,
  manifestHash,
  PAGE_BYTES,
  type PageEntry,
  pageEntryOf,
  pageHash,
} from "./manifest.ts";
export * from "./params.ts";
export {
  arrivalStepEnd,
  arrivalStepOf,
  compareStoredRecords,
  decodeStoredRecord,
  encodeStoredRecord,
  encodeUploadBatch,
  paddingRecord,
  STORABLE_RECORD_BYTES,
  STORED_RECORD_BYTES,
  type StoredRecord,
  storableRecords,
  UPLOAD_RECORD_BYTES,
  type UploadRecord,
} from "./records.ts";
export { blindScalar } from "./scalar.ts";
export { DAY_SHARE_BYTES, decodeDayShare, encodeDayShare } from "./share.ts";
export {
  ALTITUDE_UNKNOWN,
  decodeSighting,
  encodeSighting,
  POSITION_SOURCES,
  RSSI_UNKNOWN,
  relayMarkOf,
  SIGHTING_BYTES,
  type Sighting,
  STAMP_BYTES,
  stampOf,
} from "./sighting.ts";
export { dayOf, type EpochRef, epochOf, epochStart, minuteInEpoch } from "./time.ts";
export {
  decodeIssueAnswer,
  decodeIssueRequest,
  decodeTokenKeys,
  encodeIssueAnswer,
  encodeIssueRequest,
  ISSUE_ANSWER_BYTES,
  ISSUE_REQUEST_BYTES,
  type IssueAnswer,
  type IssueRequest,
  TOKEN_KEY_DAYS,
  type TokenKeyList,
} from "./token-issue.ts";
export {
  decodeUploadToken,
  draftTokens,
  encodeUploadToken,
  finishTokens,
  isGenuine,
  type TokenDraft,
  tokenKeysOf,
  UPLOAD_TOKEN_BYTES,
  type UploadToken,
} from "./upload-token.ts";
export {
  type Clock,
  type RandomSource,
  randomFraction,
  type Stepper,
  secondsNow,
  type UnixSeconds,
} from "./world.ts";
