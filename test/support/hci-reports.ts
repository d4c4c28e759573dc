import { EVENT, LE_EVENT, PACKET } from "@glowworm/radio";

/** An advertisement as a controller reports it. */
export interface Report {
  /** 6 bytes, most significant first. */
  readonly address: Uint8Array;
  readonly isRandomAddress: boolean;
  /** 0 ADV_IND, 2 ADV_SCAN_IND, 3 ADV_NONCONN_IND, or "extended". */
  readonly type: number | "extended";
  readonly data: Uint8Array;
}

/** LE Advertising Report with one report in it. */
export function legacyReport(heard: Report, rssi: number): Uint8Array {
  const kind = [heard.type === "extended" ? 0 : heard.type, heard.isRandomAddress ? 1 : 0];
  const report = [
    ...kind,
    ...heard.address.toReversed(),
    heard.data.length,
    ...heard.data,
    rssi & 0xff,
  ];
  return leMeta([LE_EVENT.advertisingReport, 1, ...report]);
}

/** LE Extended Advertising Report with one report in it. */
export function extendedReport(heard: Report, rssi: number): Uint8Array {
  return leMeta([LE_EVENT.extendedAdvertisingReport, 1, ...extendedBody(heard, rssi)]);
}

/** One report of an LE Extended Advertising Report. */
export function extendedBody(heard: Report, rssi: number): number[] {
  const legacyBits: Readonly<Record<number, number>> = { 0: 0x13, 2: 0x12, 3: 0x10 };
  const kind = heard.type === "extended" ? 0 : (legacyBits[heard.type] ?? 0);
  const from = [heard.isRandomAddress ? 1 : 0, ...heard.address.toReversed()];
  const radio = [1, 0, 0xff, 0x7f, rssi & 0xff, 0, 0];
  const noTarget = [0, 0, 0, 0, 0, 0, 0];
  return [kind, 0, ...from, ...radio, ...noTarget, heard.data.length, ...heard.data];
}

/** An LE meta event around its content. */
export function leMeta(content: readonly number[]): Uint8Array {
  return Uint8Array.from([PACKET.event, EVENT.leMeta, content.length, ...content]);
}
