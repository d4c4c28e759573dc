import { describe, expect, it } from "vitest";
import { parseAdapter } from "../src/adapter.ts";

describe("adapter option", () => {
  it.each([
    ["hci0", { kind: "hci", index: 0 }],
    ["hci15", { kind: "hci", index: 15 }],
    ["hci65534", { kind: "hci", index: 65_534 }],
    ["h4:/dev/ttyUSB0", { kind: "h4", path: "/dev/ttyUSB0" }],
    ["h4:a b:c", { kind: "h4", path: "a b:c" }],
  ])("reads %s", (text, spec) => {
    expect(parseAdapter(text)).toEqual(spec);
  });

  it.each([
    "",
    "hci",
    "hci-1",
    "hci01",
    "hci1x",
    " hci0",
    "hci65535",
    "h4:",
    "h4",
    "usb:0",
    "h4:\0",
  ])("refuses %j", (text) => {
    const failure = expect.objectContaining({ name: "Failure", exit: "usage" });
    expect(() => parseAdapter(text)).toThrow(failure);
  });
});
