/** Numbers and labels of docs/protocol.md sections 3 and 4; a test compares them with the tables there. */

/** Protocol version: in frame headers, envelopes, sightings, manifests and card files. */
export const PROTOCOL_VERSION: number = 1;

/** Seconds in an epoch: short enough that a passer-by hears one key, long enough for relays to rebuild it. */
export const EPOCH_SECONDS: number = 300;
/** Epochs in a day. */
export const EPOCHS_PER_DAY: number = 288;
/** Seconds in a UTC day: leap seconds are ignored, as Unix time does. */
export const DAY_SECONDS: number = 86_400;
/** Seconds in which the minute token stays the same. */
export const TOKEN_SECONDS: number = 60;

/** Bluetooth company identifier 0xFFFF, reserved for tests, until an assigned number is had. */
export const COMPANY_ID: number = 0xffff;

/** Seconds in a segment of the open hour. */
export const SEGMENT_SECONDS: number = 30;
/** A segment holds a multiple of this many records, and at least as many. */
export const SEGMENT_RECORDS_MULTIPLE: number = 2;
/** Records in a page of a closed hour, always. */
export const PAGE_RECORDS: number = 256;
/** Hours of up to this many pages have no filter: owners read them whole. */
export const FILTER_FREE_PAGES: number = 64;
/** Seconds of arrivals that are published together. */
export const HOUR_SECONDS: number = 3600;
/** Seconds after its end at which an hour closes. */
export const HOUR_CLOSE_DELAY_SECONDS: number = 120;
/** Seconds in an arrival step: the finest time a server keeps for a report once its hour is closed. */
export const ARRIVAL_STEP_SECONDS: number = 600;

/** Records in an upload batch, inclusive. */
export const BATCH_RECORDS_MAX: number = 64;
/** Seconds for which a relay keeps a report that no server has accepted. */
export const REPORT_MAX_AGE_SECONDS: number = 7 * DAY_SECONDS;
/** Days for which a server keeps reports unless its operator says otherwise. */
export const RETENTION_DAYS_DEFAULT: number = 30;
/** A report whose arrival step ends more than this before its seen-at time is refused. */
export const ARRIVAL_TOLERANCE_SECONDS: number = 120;
/** Within this much of the beacon's own time a report counts as on time. */
export const ON_TIME_SECONDS: number = 600;
/** Ten years of day cards. */
export const CARD_DAYS: number = 3653;
/** A beacon with an untrusted clock follows it at most this far past its floor. */
export const UNTRUSTED_AHEAD_SECONDS: number = 400 * DAY_SECONDS;
/** Upload tokens that are issued at once, always: how many a relay asks for says nothing about it. */
export const TOKENS_PER_ISSUE: number = 32;

// Eight-byte contexts of `crypto_kdf`.

/** Device key from owner key. */
export const KDF_DEVICE: string = "gw1devic";
/** Day private key from device key. */
export const KDF_DAY_KEY: string = "gw1dayk_";
/** Day seed from device key. */
export const KDF_DAY_SEED: string = "gw1days_";
/** Next seed from seed. */
export const KDF_CHAIN: string = "gw1chain";
/** Blinding from seed. */
export const KDF_BLIND: string = "gw1blind";
/** Token key from seed. */
export const KDF_TOKEN: string = "gw1token";

// Labels of `H`: a hash is taken over the label followed by the input.

/** Tag of a public key. */
export const H_TAG: string = "glowworm/1 tag";
/** put_id of a public key. */
export const H_PUT_ID: string = "glowworm/1 put";
/** get_id of a put_id. */
export const H_GET_ID: string = "glowworm/1 get";
/** Digest of an envelope. */
export const H_ENVELOPE: string = "glowworm/1 envelope";
/** Hash of a page. */
export const H_PAGE: string = "glowworm/1 page";
/** Hash of a manifest. */
export const H_MANIFEST: string = "glowworm/1 manifest";
/** Hash of a filter. */
export const H_FILTER: string = "glowworm/1 filter";
/** Checksum of a card file. */
export const H_CARDS: string = "glowworm/1 cards";
/** Stamp of a sighting, keyed. */
export const H_STAMP: string = "glowworm/1 stamp";
/** Checksum of an invite. */
export const H_INVITE_CHECK: string = "glowworm/1 invite check";
/** What a server keeps of an invite. */
export const H_INVITE_HASH: string = "glowworm/1 invite hash";
/** Key info of the day keys of upload tokens. */
export const VOPRF_INFO: string = "glowworm/1 upload token";
/** HPKE `info` of a sealed sighting. */
export const HPKE_INFO: string = "glowworm/1 sighting";
