export { Server, type ServerOptions } from "./server.ts";
export {
  EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from "./store/embedded/embedded-store.ts";
export { type BackedUp, type BackupOptions, backupStore } from "./store/embedded/tools/backup.ts";
export {
  type Restored,
  type RestoreOptions,
  restoreStore,
} from "./store/embedded/tools/restore.ts";
export { type StoreStats, storeStats } from "./store/embedded/tools/stats.ts";
export type { DamagedFile, ToolWorld } from "./store/embedded/tools/tool-world.ts";
export { type VerifiedStore, verifyStore } from "./store/embedded/tools/verify.ts";
export * from "./store/report-store.ts";
