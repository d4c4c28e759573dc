import { describe, expect, it } from "vitest";
import { clientAddressOf, sourcePrefixOf } from "../src/source-prefix.ts";

describe("the network of an address", () => {
  it.each([
    ["192.0.2.1", "192.0.2"],
    ["192.0.2.255", "192.0.2"],
    ["::ffff:192.0.2.7", "192.0.2"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1"],
    ["2001:0db8:0001:ffff::", "2001:db8:1"],
    ["2001:db8::1", "2001:db8:0"],
    ["2001:DB8::1", "2001:db8:0"],
    ["::1", "0:0:0"],
    ["::", "0:0:0"],
    ["fe80::1%eth0", "fe80:0:0"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0"],
    ["not an address", ""],
    [undefined, ""],
  ])("of %s is %s", (address, prefix) => {
    expect(sourcePrefixOf(address)).toBe(prefix);
  });
});

describe("the address of a client", () => {
  it.each([
    ["127.0.0.1", "192.0.2.1", "192.0.2.1"],
    ["::1", "2001:db8::1", "2001:db8::1"],
    ["::ffff:127.0.0.1", "10.9.9.9, 192.0.2.1", "192.0.2.1"],
    ["127.0.0.1", undefined, "127.0.0.1"],
    ["198.51.100.7", "192.0.2.1", "198.51.100.7"],
    ["::127.0.0.1", "192.0.2.1", "::127.0.0.1"],
    [undefined, "192.0.2.1", undefined],
  ])("is, from %s forwarded for %s, %s", (socket, forwardedFor, address) => {
    expect(clientAddressOf(socket, forwardedFor)).toBe(address);
  });
});
