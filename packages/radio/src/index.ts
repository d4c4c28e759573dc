export * from "./adverts.ts";
export * from "./air.ts";
