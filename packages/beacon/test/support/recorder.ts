import type { Advertiser } from "@glowworm/radio";

/** One call of the advertiser. */
export type Call =
  | { readonly type: "start" | "stop" }
  | { readonly type: "set"; readonly data: Uint8Array; readonly address: Uint8Array | null };

/** An advertiser that writes down what it is told, and fails when it is told to. */
export class Recorder implements Advertiser {
  readonly calls: Call[] = [];
  /** Called before each call is carried out; may throw. */
  before: (call: Call) => void = () => {};

  start(): Promise<void> {
    return this.#record({ type: "start" });
  }

  set(data: Uint8Array, address?: Uint8Array): Promise<void> {
    return this.#record({ type: "set", data, address: address ?? null });
  }

  stop(): Promise<void> {
    return this.#record({ type: "stop" });
  }

  get sets(): readonly Extract<Call, { type: "set" }>[] {
    return this.calls.filter((call) => call.type === "set");
  }

  async #record(call: Call): Promise<void> {
    await Promise.resolve();
    this.before(call);
    this.calls.push(call);
  }
}
