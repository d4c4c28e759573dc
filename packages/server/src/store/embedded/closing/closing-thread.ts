import { AskedThread } from "../../../asked-thread.ts";
import { DamagedHourError } from "../damage.ts";
import type { Closed, ClosingReply, ClosingRequest, ClosingSettings } from "./closing-messages.ts";

/** A thread that closes segments or hours: neither commits nor requests wait for it. */
export class ClosingThread {
  readonly #thread: AskedThread<ClosingRequest, ClosingReply>;

  constructor(settings: ClosingSettings) {
    this.#thread = new AskedThread("closing-worker", settings);
  }

  async ask(request: ClosingRequest): Promise<Closed> {
    const reply = await this.#thread.ask(request);
    if ("closed" in reply) return reply.closed;
    throw new (reply.isDamage ? DamagedHourError : Error)(reply.message);
  }

  async end(): Promise<void> {
    await this.#thread.end();
  }
}
