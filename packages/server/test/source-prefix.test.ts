import { describe, expect, it } from "vitest";
import { clientAddressOf, sourcePrefixOf } from "../src/http/source-prefix.ts";
import { LOOPBACK, TrustedProxies } from "../src/http/trusted-proxies.ts";

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
    expect(clientAddressOf(new TrustedProxies(LOOPBACK), socket, forwardedFor)).toBe(address);
  });

  it.each([
    ["10.1.2.3", "192.0.2.1", "192.0.2.1"],
    ["::ffff:10.1.2.3", "192.0.2.1", "192.0.2.1"],
    ["2001:db8::5", "203.0.113.9, 192.0.2.1, 10.200.0.1", "192.0.2.1"],
    ["10.1.2.3", "192.0.2.1, 127.0.0.1", "127.0.0.1"],
    ["10.1.2.3", "10.0.0.9, 10.0.0.1", "10.0.0.9"],
    ["10.1.2.3", "192.0.2.1, unknown", "unknown"],
    ["10.1.2.3", "", ""],
    ["127.0.0.1", "192.0.2.1", "127.0.0.1"],
    ["2001:db8::6", "192.0.2.1", "2001:db8::6"],
  ])("is, behind proxies of its own, from %s forwarded for %s, %s", (socket, header, address) => {
    const proxies = new TrustedProxies(["10.0.0.0/8", "2001:db8::5"]);
    expect(clientAddressOf(proxies, socket, header)).toBe(address);
  });
});

describe("trusted proxies", () => {
  it.each([
    ["10.0.0.4", false],
    ["10.0.0.5", true],
    ["10.0.0.6", false],
    ["172.15.255.255", false],
    ["172.16.0.0", true],
    ["172.31.255.255", true],
    ["172.32.0.0", false],
    ["192.0.2.127", false],
    ["192.0.2.128", true],
    ["192.0.2.255", true],
    ["192.0.3.0", false],
    ["192.0.2.0200", false],
    ["192.0.2", false],
  ])("have %s among the addresses of their networks: %s", (address, isProxy) => {
    const proxies = new TrustedProxies(["10.0.0.5", "172.16.9.9/12", "192.0.2.128/25"]);
    expect(proxies.has(address)).toBe(isProxy);
    expect(proxies.has(`::ffff:${address}`)).toBe(isProxy);
  });

  it.each([
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0/1",
    "2000::/3",
    "::ffff:0.0.0.0/96",
    "0:0:0:0:0:ffff::/96",
    "::ffff:8.0.0.0/104",
    "::/64",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "proxy.example",
    "",
  ])("refuse to trust %s", (proxy) => {
    expect(() => new TrustedProxies([proxy])).toThrowError(
      expect.objectContaining({
        exit: "usage",
        message: expect.stringContaining(`trusted_proxies: ${proxy}`),
      }),
    );
  });
});
