export * from "./noble-scanner.ts";
