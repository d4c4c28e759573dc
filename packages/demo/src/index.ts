export { type DemoOptions, runDemo } from "./demo.ts";
export type { DemoEvent, Found } from "./events.ts";
