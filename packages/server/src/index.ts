export * from "./report-store.ts";
export { Server, type ServerOptions } from "./server.ts";
export {
  EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from "./store/embedded-store.ts";
