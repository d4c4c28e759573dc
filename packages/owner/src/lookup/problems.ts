import { TransferError, type TransferErrorCode } from "@glowworm/platform";
import { DecodeError } from "@glowworm/protocol";

/** What an owner alone can say of an hour. */
type OwnCode = "changed" | "chain-broken" | "differs" | "out-of-window" | "not-kept";

/** Something of the server's that could not be read, or is not as it must be. */
export interface LookupProblem {
  /** What, such as `hour 485123`. */
  readonly what: string;
  /**
   * `changed`: a closed hour is not what it was. `chain-broken`: it does not follow the one before it in the list.
   * `differs`: a mirror has another one. `out-of-window`: it is of a time that cannot be. `not-kept`: neither this disk
   * nor memory had room for it.
   */
  readonly code: TransferErrorCode | "malformed" | OwnCode;
  /** For a person: the HTTP status or the field. */
  readonly detail: string;
}

/** How a problem names an hour. */
export function nameOf(hour: number): string {
  return `hour ${hour}`;
}

/** Collects what goes wrong in a lookup: one bad hour must not cost the others. */
export class ProblemLog {
  readonly #problems = new Map<string, LookupProblem>();

  get problems(): readonly LookupProblem[] {
    return [...this.#problems.values()];
  }

  /** What an interruption has left out. */
  interrupted(what: string): void {
    this.report(what, "interrupted", "interrupted");
  }

  /** What is said already is not said again: a list may be read twice. */
  report(what: string, code: LookupProblem["code"], detail: string): void {
    this.#problems.set(`${what} ${code} ${detail}`, { what, code, detail });
  }

  /** Does `work`; what a server can be blamed for is noted, anything else thrown. */
  async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof TransferError) this.report(what, error.code, detailOf(error));
      else if (error instanceof DecodeError) this.report(what, "malformed", error.message);
      else throw error;
    }
  }
}

function detailOf(error: TransferError): string {
  return error.status === 0 ? error.code : `HTTP ${error.status}`;
}
