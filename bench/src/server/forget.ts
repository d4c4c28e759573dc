import { EmbeddedStore } from "@glowworm/server";

// Loaded before the server: every upload is checked, hashed, counted and answered as ever, and stored nowhere.
EmbeddedStore.prototype.put = () => Promise.resolve();
