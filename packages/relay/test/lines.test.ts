import fc from "fast-check";
import { expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { LineSplitter } from "../src/lines.ts";

it("gives the same lines however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{0,20}$/)),
      fc.array(fc.nat({ max: 30 })),
      (expected, cuts) => {
        const splitter = new LineSplitter(100);
        let rest = expected.map((line) => `${line}\r\n`).join("");
        const lines: string[] = [];
        for (const cut of cuts) {
          lines.push(...splitter.push(rest.slice(0, cut)));
          rest = rest.slice(cut);
        }
        lines.push(...splitter.push(rest));
        expect(lines).toEqual(expected);
      },
    ),
    effort(500, 17),
  );
});

it("drops a line over the limit, in one chunk or in many, and reads the next one", () => {
  expect(new LineSplitter(10).push(`${"x".repeat(11)}\nnext\n`)).toEqual(["next"]);
  const splitter = new LineSplitter(10);
  for (let n = 0; n < 1000; n++) expect(splitter.push("xxx")).toEqual([]);
  expect(splitter.push("\nnext\n")).toEqual(["next"]);
});

it("keeps a line of exactly the limit", () => {
  expect(new LineSplitter(10).push(`${"x".repeat(10)}\n`)).toEqual(["x".repeat(10)]);
});
