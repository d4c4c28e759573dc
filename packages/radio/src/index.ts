export { isNonResolvable, randomAddress } from "./address.ts";
export type { Advert, Advertiser, Scanner } from "./adverts.ts";
export { Air, type LinkModel, type Spot, STREET } from "./air.ts";
export { type Adapter, accepted, assertPoweredOn, openController } from "./controller.ts";
export {
  EVENT,
  hciCommand,
  LE_EVENT,
  OPCODE,
  OWN_ADDRESS_RANDOM,
  opcodeOf,
  PACKET,
  STATUS,
  u16,
} from "./hci.ts";
export { loadDriver, withoutSignalHooks } from "./hci-module.ts";
export { HciSocket } from "./hci-socket.ts";
export { passiveScan } from "./passive-scan.ts";
export type { HciSink, HciTransport } from "./transport.ts";
