export { Beacon, type BeaconEvent, type BeaconParts, type ClockUse } from "./beacon.ts";
export { type BlenoAdvertiserOptions, createBlenoAdvertiser } from "./bleno-advertiser.ts";
export { CardStore, importCards, type StoreOrigin } from "./card-store.ts";
export { type Disk, openFolder } from "./disk.ts";
