export { Server, type ServerOptions } from "./server.ts";
export type { ClusterOptions } from "./store/cassandra/open.ts";
export {
  EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from "./store/embedded/embedded-store.ts";
export * from "./store/report-store.ts";
