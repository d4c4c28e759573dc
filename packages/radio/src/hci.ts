/** First byte of an HCI packet: what it is. Bluetooth Core Specification, Vol 4, Part A, 2. */
export const PACKET = { command: 1, acl: 2, sco: 3, event: 4, iso: 5 } as const;

/** Event codes this project looks at. Core Specification, Vol 4, Part E, 7.7. */
export const EVENT = { commandComplete: 0x0e, commandStatus: 0x0f, leMeta: 0x3e } as const;

/** LE meta events this project looks at. Core Specification, Vol 4, Part E, 7.7.65. */
export const LE_EVENT = { advertisingReport: 0x02, extendedAdvertisingReport: 0x0d } as const;

/** Opcodes, group and command in one number. Core Specification, Vol 4, Part E, 7.3 to 7.8. */
export const OPCODE = {
  setEventMask: 0x0c01,
  reset: 0x0c03,
  readLeHostSupported: 0x0c6c,
  writeLeHostSupported: 0x0c6d,
  readLocalVersion: 0x1001,
  readSupportedCommands: 0x1002,
  readBufferSize: 0x1005,
  readBdAddr: 0x1009,
  leSetEventMask: 0x2001,
  leReadBufferSize: 0x2002,
  leSetRandomAddress: 0x2005,
  leSetAdvertisingParameters: 0x2006,
  leSetAdvertisingData: 0x2008,
  leSetAdvertiseEnable: 0x200a,
  leSetScanParameters: 0x200b,
  leSetScanEnable: 0x200c,
  leSetExtendedScanParameters: 0x2041,
  leSetExtendedScanEnable: 0x2042,
} as const;

/** Status codes this project looks at. Core Specification, Vol 1, Part F, 1.3. */
export const STATUS = {
  success: 0x00,
  unknownCommand: 0x01,
  disallowed: 0x0c,
  invalid: 0x12,
} as const;

/** Own address type of an advertiser or scanner that uses the address set by LE Set Random Address. */
export const OWN_ADDRESS_RANDOM: number = 0x01;

/** A command as it goes to the controller: packet type, opcode (little-endian), length, parameters. */
export function hciCommand(opcode: number, parameters: Uint8Array = new Uint8Array(0)): Uint8Array {
  const packet = new Uint8Array(4 + parameters.length);
  packet.set([PACKET.command, opcode & 0xff, opcode >> 8, parameters.length]);
  packet.set(parameters, 4);
  return packet;
}

/** Name of a command, for people, such as `LE Set Scan Enable`. */
export function commandName(opcode: number): string {
  const name = Object.entries(OPCODE).find(([, code]) => code === opcode)?.[0];
  if (name === undefined) return `command 0x${opcode.toString(16)}`;
  const words = name.replace(/[A-Z]/g, " $&").replace(/^le /, "LE ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Opcode of a command packet. */
export function opcodeOf(command: Uint8Array): number {
  return u16(command, 1);
}

/** A little-endian number of two bytes; bytes beyond the end count as 0. */
export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/** An answer as it stands in an event. */
export interface HciAnswer {
  readonly opcode: number;
  /** 0 for success; null in an event that holds nothing but the number of commands. */
  readonly status: number | null;
  /** Return parameters after the status. */
  readonly parameters: Uint8Array;
  /** Commands that the controller takes now (Num_HCI_Command_Packets). */
  readonly credits: number;
}

/** The answer in a Command Complete or Command Status event; null for every other event and for one that is cut short. */
export function decodeAnswer(event: Uint8Array): HciAnswer | null {
  if (event[0] !== PACKET.event || event.length !== 3 + (event[2] ?? 0)) return null;
  if (event[1] === EVENT.commandStatus && event.length === 7) {
    const none = new Uint8Array(0);
    const status = event[3] ?? null;
    return { opcode: u16(event, 5), status, parameters: none, credits: event[4] ?? 0 };
  }
  if (event[1] !== EVENT.commandComplete || event.length < 6) return null;
  const status = event[6] ?? null;
  return { opcode: u16(event, 4), status, parameters: event.slice(7), credits: event[3] ?? 0 };
}
