import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { openTerminal, type Terminal } from "../src/terminal.ts";

const QUESTIONS: readonly [string, (terminal: Terminal) => Promise<string>][] = [
  ["a hidden line", (terminal) => terminal.readHidden("Passphrase: ")],
  ["lines", (terminal) => terminal.readLines("Words: ")],
  ["what is piped in", (terminal) => terminal.readAll()],
];

describe("a terminal that waits", () => {
  it.each(QUESTIONS)("for %s is ended by the first signal", async (_what, ask) => {
    const stop = new AbortController();
    // Nobody types, and nobody ends it.
    const streams = { input: new PassThrough(), output: new PassThrough() };
    const asked = ask(openTerminal(streams, stop.signal));
    stop.abort();
    await expect(asked).rejects.toMatchObject({ exit: "interrupted" });
  });

  it.each(QUESTIONS)("for %s gets it", async (_what, ask) => {
    const streams = { input: new PassThrough(), output: new PassThrough() };
    const asked = ask(openTerminal(streams, new AbortController().signal));
    streams.input.end("correct horse\n\n");
    expect((await asked).trim()).toBe("correct horse");
  });
});
