export * from "./address.ts";
export * from "./adverts.ts";
