export * from "./assembler.ts";
export * from "./fixed-position.ts";
export * from "./gpsd-position.ts";
export * from "./noble-scanner.ts";
export * from "./open-outbox.ts";
export {
  Outbox,
  type SealedReport,
  UPLOAD_DELAY_SECONDS_MAX,
  type WaitingReport,
} from "./outbox.ts";
export * from "./policy.ts";
export * from "./position.ts";
export * from "./precision.ts";
export * from "./relay.ts";
export * from "./relay-secret.ts";
export * from "./status.ts";
export type { Hearing, TokenTally, Trace } from "./trace.ts";
export type { ServerState } from "./upload-answer.ts";
export * from "./uploader.ts";
