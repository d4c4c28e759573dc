import { Failure } from "@glowworm/platform";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { ownerKeyFromWords, wordsOf } from "../../src/keys/words.ts";

const key = seededRandom("words").bytes(32);

function failureOf(text: string): Failure {
  try {
    ownerKeyFromWords(text);
  } catch (error) {
    if (error instanceof Failure) return error;
  }
  throw new Error("expected a Failure");
}

describe("recovery words", () => {
  it("are those of BIP-39 for a known key", () => {
    expect(wordsOf(new Uint8Array(32)).join(" ")).toBe(`${"abandon ".repeat(23)}art`);
  });

  it("bring the key back, numbered, in capitals and over several lines", () => {
    const written = wordsOf(key).map((word, index) => `${index + 1}. ${word.toUpperCase()}`);
    expect(ownerKeyFromWords(written.join("\n"))).toEqual(key);
  });

  it("are refused when one is missing", () => {
    expect(failureOf(wordsOf(key).slice(1).join(" ")).exit).toBe("usage");
  });

  it("are refused when two changed places", () => {
    const [first = "", second = "", ...rest] = wordsOf(key);
    expect(failureOf([second, first, ...rest].join(" ")).exit).toBe("usage");
  });

  it("are not repeated in the error when one is wrong, only its place", () => {
    const words = [...wordsOf(key)];
    words[6] = "glowwworm";
    const { message } = failureOf(words.join(" "));
    expect(message).toContain("word 7");
    for (const word of words) expect(message.split(" ")).not.toContain(word);
  });
});
