import { hciCommand, OPCODE, OWN_ADDRESS_RANDOM } from "./hci.ts";

const PASSIVE = 0x00;
const ANYBODY = 0x00;
const PHY_1M = 0x01;

/**
 * The command that sets a scan which sends nothing; interval and window in units of 0.625 ms. On a Bluetooth 5 controller
 * on the 1M PHY alone: one without the coded PHY refuses both, and then hears nothing.
 */
export function passiveScan(interval: number, window: number, isExtended: boolean): Uint8Array {
  const times = [...littleEndian(interval), ...littleEndian(window)];
  if (isExtended) {
    const parameters = Uint8Array.of(OWN_ADDRESS_RANDOM, ANYBODY, PHY_1M, PASSIVE, ...times);
    return hciCommand(OPCODE.leSetExtendedScanParameters, parameters);
  }
  const parameters = Uint8Array.of(PASSIVE, ...times, OWN_ADDRESS_RANDOM, ANYBODY);
  return hciCommand(OPCODE.leSetScanParameters, parameters);
}

function littleEndian(value: number): [low: number, high: number] {
  return [value & 0xff, value >> 8];
}
