import type { Log } from "./log.ts";
import type { ReportStore } from "./store/report-store.ts";

/** Logs how many hours were closed and how many retention removed, by what the store publishes. */
export class HourDiary {
  readonly #log: Log;
  #known: ReadonlySet<number> | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Compares with the last time; the first time is only taken note of. */
  async note(store: Pick<ReportStore, "published">): Promise<void> {
    const { hours } = await store.published();
    const now = new Set(hours.map(({ hour }) => hour));
    const known = this.#known ?? now;
    this.#known = now;
    const closed = hours.filter(({ hour }) => !known.has(hour));
    const pages = closed.reduce((sum, hour) => sum + hour.pages, 0);
    const expired = [...known].filter((hour) => !now.has(hour)).length;
    if (closed.length > 0) {
      const text = `closed ${counted(closed.length, "hour")}, ${counted(pages, "page")}`;
      const facts = { hours: closed.length, pages };
      this.#log({ level: "info", event: "hours-closed", text, facts });
    }
    if (expired > 0) {
      const text = `removed ${counted(expired, "hour")} past retention`;
      this.#log({ level: "info", event: "hours-expired", text, facts: { hours: expired } });
    }
  }
}

function counted(count: number, word: string): string {
  return count === 1 ? `1 ${word}` : `${count} ${word}s`;
}
