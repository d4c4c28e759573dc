import { decodeAnswer, EVENT, LE_EVENT, OPCODE, opcodeOf, PACKET } from "./hci.ts";

/** Bytes of an advertising report besides its data, and where in it the length of the data stands. */
const LEGACY_REPORT = { overhead: 10, lengthAt: 8 } as const;
const EXTENDED_REPORT = { overhead: 24, lengthAt: 23 } as const;
/** Type, event code, length, subevent and number of reports. */
const REPORTS_AT = 5;
const LEGACY_DATA_MAX = 31;
/** Event type of an extended report: data status "incomplete" or "truncated" (bits 5 and 6). */
const UNFINISHED = 0x60;

/**
 * Return parameters, status included, that noble and bleno read without looking at the length: a shorter answer throws
 * RangeError inside them, in the handler of a socket, which ends the process.
 */
const SHORTEST_ANSWER: ReadonlyMap<number, number> = new Map([
  [OPCODE.readLocalVersion, 9],
  [OPCODE.readBdAddr, 7],
  [OPCODE.readLeHostSupported, 3],
  [OPCODE.leReadBufferSize, 4],
  [OPCODE.readBufferSize, 6],
]);

/**
 * What of a packet from the controller may reach noble or bleno: well-formed answers, well-formed advertising reports and
 * other programs' scan switches; nothing else, because nobody here connects. Several extended reports in one event come
 * out one by one: noble 1.9.2 gives the first one the bytes of all.
 */
export function soundPackets(packet: Uint8Array): readonly Uint8Array[] {
  if (packet[0] === PACKET.command) return isScanSwitch(packet) ? [packet] : [];
  if (packet[0] !== PACKET.event || packet.length !== 3 + (packet[2] ?? 0)) return [];
  if (packet[1] !== EVENT.leMeta) return isSoundAnswer(packet) ? [packet] : [];
  if (packet[3] === LE_EVENT.advertisingReport) return areSoundReports(packet) ? [packet] : [];
  if (packet[3] === LE_EVENT.extendedAdvertisingReport) return splitExtended(packet);
  return [];
}

function isScanSwitch(packet: Uint8Array): boolean {
  const opcode = opcodeOf(packet);
  return (
    (opcode === OPCODE.leSetScanEnable || opcode === OPCODE.leSetExtendedScanEnable) &&
    packet.length >= 6
  );
}

function isSoundAnswer(packet: Uint8Array): boolean {
  const answer = decodeAnswer(packet);
  if (answer === null || answer.status === null) return false;
  const isStatus = packet[1] === EVENT.commandStatus;
  return isStatus || 1 + answer.parameters.length >= (SHORTEST_ANSWER.get(answer.opcode) ?? 1);
}

function areSoundReports(packet: Uint8Array): boolean {
  const sizes = reportSizes(packet, LEGACY_REPORT);
  return sizes?.every((size) => size - LEGACY_REPORT.overhead <= LEGACY_DATA_MAX) ?? false;
}

function splitExtended(packet: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  let at = REPORTS_AT;
  for (const size of reportSizes(packet, EXTENDED_REPORT) ?? []) {
    const report = packet.subarray(at, at + size);
    at += size;
    if (((report[0] ?? 0) & UNFINISHED) === 0) out.push(singleExtended(report));
  }
  return out;
}

function singleExtended(report: Uint8Array): Uint8Array {
  const packet = new Uint8Array(REPORTS_AT + report.length);
  packet.set([PACKET.event, EVENT.leMeta, 2 + report.length]);
  packet.set([LE_EVENT.extendedAdvertisingReport, 1], 3);
  packet.set(report, REPORTS_AT);
  return packet;
}

/** Bytes of each report in an event, or null when they do not fill it exactly. */
function reportSizes(
  packet: Uint8Array,
  shape: { readonly overhead: number; readonly lengthAt: number },
): number[] | null {
  const sizes: number[] = [];
  let at = REPORTS_AT;
  while (at + shape.overhead <= packet.length) {
    const size = shape.overhead + (packet[at + shape.lengthAt] ?? 0);
    sizes.push(size);
    at += size;
  }
  const isExact = at === packet.length && sizes.length > 0 && sizes.length === packet[4];
  return isExact ? sizes : null;
}
