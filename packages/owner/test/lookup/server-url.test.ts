import { describe, expect, it } from "vitest";
import { serverUrlFrom } from "../../src/lookup/server-url.ts";

describe("server address", () => {
  it.each([
    ["https://glow.example", "https://glow.example"],
    ["https://glow.example/", "https://glow.example"],
    ["http://127.0.0.1:8787", "http://127.0.0.1:8787"],
    ["https://glow.example/net//", "https://glow.example/net"],
  ])("%s becomes %s", (text, expected) => {
    expect(serverUrlFrom(text, "--server")).toBe(expected);
  });

  it.each(["glow.example", "ftp://x", "https://me:pw@x", "https://x/?who=me", "https://x/#me", ""])(
    "refuses %j",
    (text) => {
      expect(() => serverUrlFrom(text, "--server")).toThrow(
        expect.objectContaining({ exit: "usage" }),
      );
    },
  );
});
