export { type NodePrimitives, nodePrimitives } from "../crypto/node.ts";
export { loadSodium, type SodiumPrimitives } from "../crypto/sodium.ts";
export * from "./fake-clock.ts";
export * from "./seeded-random.ts";
