export type { OperatorWords } from "./about.ts";
export { REQUEST_BYTES_MIN, SERVER_LIMITS, type ServerLimits } from "./http/limits.ts";
export { LOOPBACK, TrustedProxies } from "./http/trusted-proxies.ts";
export type { Log, LogEntry, LogEvent, LogLevel } from "./log.ts";
export { Metrics } from "./metrics/metrics.ts";
export { Mirror, type MirrorOptions } from "./mirror/mirror.ts";
export { openApiDocument } from "./openapi/document.ts";
export { Server } from "./server.ts";
export type { ServerOptions } from "./server-options.ts";
export type { ClusterOptions } from "./store/cassandra/open.ts";
export { CLUSTER_RETENTION_DAYS_MAX } from "./store/cassandra/retention.ts";
export {
  EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from "./store/embedded/embedded-store.ts";
export { type BackedUp, type BackupOptions, backupStore } from "./store/embedded/tools/backup.ts";
export { openForTool } from "./store/embedded/tools/open-for-tool.ts";
export {
  type Restored,
  type RestoreOptions,
  restoreStore,
} from "./store/embedded/tools/restore.ts";
export { type StoreStats, storeStats } from "./store/embedded/tools/stats.ts";
export type { DamagedFile, ToolWorld } from "./store/embedded/tools/tool-world.ts";
export { type VerifiedStore, verifyStore } from "./store/embedded/tools/verify.ts";
export * from "./store/report-store.ts";
export { type InviteOrder, makeInvite } from "./tokens/make-invite.ts";
export { openInvites, type TokenPlace } from "./tokens/open-token-store.ts";
export type { Invite, Invites } from "./tokens/token-store.ts";
