import type { Clock } from "@glowworm/protocol";
import { arrivalFloor, type Book, EMPTY_BOOK, readBook } from "./book.ts";
import type { Fence } from "./fence.ts";
import type { Tables } from "./schema.ts";
import type { Session } from "./session.ts";

/** What others decided is noticed within this time. */
const FRESH_MS = 1000;

/** The book as one server knows it, read again when it is old. */
export class BookKeeper {
  readonly #session: Session;
  readonly #tables: Tables;
  readonly #fence: Fence;
  readonly #clock: Clock;
  readonly #retentionDays: number;
  #book: Book = EMPTY_BOOK;
  #floor = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<unknown> = Promise.resolve();
  /** The reading after the present one: all who ask meanwhile share it. */
  #next: Promise<Book> | null = null;
  #renewal: Promise<Book> | null = null;

  constructor(session: Session, tables: Tables, fence: Fence, clock: Clock, retentionDays: number) {
    this.#session = session;
    this.#tables = tables;
    this.#fence = fence;
    this.#clock = clock;
    this.#retentionDays = retentionDays;
  }

  /** As it was read last. */
  get book(): Book {
    return this.#book;
  }

  /** First segment that reports may still enter, as far as this server knows. */
  get floor(): number {
    return this.#floor;
  }

  /** Says that nothing below `segment` may be entered. */
  raiseFloor(segment: number): void {
    this.#floor = Math.max(this.#floor, segment);
  }

  /** The book, at most a second old. @throws {StoreUnavailableError} */
  async fresh(): Promise<Book> {
    if (this.#clock.monotonicMs() - this.#readAtMs < FRESH_MS) return this.#book;
    this.#renewal ??= this.refresh().finally(() => {
      this.#renewal = null;
    });
    return await this.#renewal;
  }

  /** Reads what was decided before this call, one reading after the other. @throws {StoreUnavailableError} */
  async refresh(): Promise<Book> {
    this.#next ??= this.#reading.then(() => {
      this.#next = null;
      return this.#read();
    });
    this.#reading = this.#next.catch(() => {});
    return await this.#next;
  }

  async #read(): Promise<Book> {
    const beganMs = this.#clock.monotonicMs();
    this.#book = await readBook(
      this.#session,
      this.#tables,
      this.#fence,
      this.#book,
      this.#retentionDays,
    );
    this.#readAtMs = beganMs;
    this.raiseFloor(arrivalFloor(this.#book));
    return this.#book;
  }
}
