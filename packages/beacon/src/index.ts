export * from "./bleno-advertiser.ts";
