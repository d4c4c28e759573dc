import { describe, expect, it } from "vitest";
import { HourDiary } from "../src/hour-diary.ts";
import type { Published } from "../src/store/report-store.ts";

function publishing(hours: readonly number[]): { published(): Promise<Published> } {
  const listed = hours.map((hour) => ({ hour, pages: 2, manifest: "00" }));
  return { published: async () => ({ hours: listed, open: null }) };
}

describe("the diary of hours", () => {
  it("counts what was closed and what retention removed, and names no hour", async () => {
    const said: [string, unknown][] = [];
    const diary = new HourDiary(({ event, facts }) => said.push([event, facts]));
    await diary.note(publishing([100, 101]));
    await diary.note(publishing([100, 101]));
    expect(said).toEqual([]);
    await diary.note(publishing([101, 102, 103]));
    expect(said).toEqual([
      ["hours-closed", { hours: 2, pages: 4 }],
      ["hours-expired", { hours: 1 }],
    ]);
    await diary.note(publishing([101, 102, 103]));
    expect(said).toHaveLength(2);
  });
});
