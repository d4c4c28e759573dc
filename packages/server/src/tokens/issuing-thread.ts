import { DecodeError, type Evaluation, type VoprfKeys } from "@glowworm/protocol";
import { AskedThread } from "../asked-thread.ts";
import { StoreUnavailableError } from "../store/report-store.ts";
import type { IssuingReply, IssuingRequest } from "./issuing-messages.ts";
import type { TokenIssuer } from "./token-issuer.ts";

/** Issues tokens in a thread of its own: nobody's upload waits for it. */
export class IssuingThread implements TokenIssuer {
  readonly #thread = new AskedThread<IssuingRequest, IssuingReply>("issuing-worker");

  async evaluate(keys: VoprfKeys, blinded: readonly Uint8Array[]): Promise<Evaluation> {
    const reply = await this.#ask({ keys, blinded });
    if (reply === null) throw new DecodeError("bad-value", "issue.blinded", 0, "not an element");
    return reply;
  }

  async close(): Promise<void> {
    await this.#thread.end();
  }

  async #ask(request: IssuingRequest): Promise<IssuingReply> {
    try {
      return await this.#thread.ask(request);
    } catch (cause) {
      throw new StoreUnavailableError("the issuing thread failed", { cause });
    }
  }
}
