export type { OperatorWords } from "./about.ts";
export { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
export type { Log, LogEntry, LogEvent, LogLevel } from "./log.ts";
export { Metrics } from "./metrics/metrics.ts";
export { openApiDocument } from "./openapi/document.ts";
export { Server, type ServerOptions } from "./server.ts";
export {
  EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from "./store/embedded/embedded-store.ts";
export * from "./store/report-store.ts";
export { type Invite, InviteBook, openInviteBook } from "./tokens/invite-book.ts";
export { type InviteOrder, makeInvite } from "./tokens/make-invite.ts";
export { LOOPBACK, TrustedProxies } from "./trusted-proxies.ts";
