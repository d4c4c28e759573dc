export { Mirror, type MirrorOptions } from "./mirror/mirror.ts";
export { Server, type ServerOptions } from "./server.ts";
export {
  EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from "./store/embedded/embedded-store.ts";
export * from "./store/report-store.ts";
