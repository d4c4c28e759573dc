export * from "./clock.ts";
export * from "./clock-trust.ts";
export * from "./database.ts";
export * from "./failure.ts";
export * from "./files.ts";
export * from "./folder-lock.ts";
export * from "./paths.ts";
export * from "./random.ts";
