import { PAGE_RECORDS } from "@glowworm/protocol";
import type { DiskRoom, OpenSize } from "../store/embedded/disk-room.ts";
import type { MirrorDiary } from "./mirror-diary.ts";

/** A mirror has no open hours. */
const NO_OPEN_HOUR: OpenSize = { records: 0, unfiled: 0 };

/** Whether the disk has room for copies; says when that changes. */
export class CopyRoom {
  readonly #room: DiskRoom;
  readonly #diary: MirrorDiary;
  #wasFull = false;

  constructor(room: DiskRoom, diary: MirrorDiary) {
    this.#room = room;
    this.#diary = diary;
  }

  /** Whether there is room for anything. */
  hasAny(): boolean {
    const isFull = this.#room.isFull(NO_OPEN_HOUR);
    if (isFull && !this.#wasFull) {
      const text = "the disk has too little room: what is here is served, and nothing copied";
      this.#diary.complain("disk-full", text);
    }
    if (!isFull && this.#wasFull) {
      this.#diary.note("disk-free", "there is room again: copying goes on");
    }
    this.#wasFull = isFull;
    return !isFull;
  }

  /** Whether there is room for an hour of so many pages. */
  hasFor(pages: number): boolean {
    return !this.#room.isFull({ records: pages * PAGE_RECORDS, unfiled: 0 });
  }
}
