export * from "./adverts.ts";
