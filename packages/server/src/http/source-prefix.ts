import { isIPv4, isIPv6 } from "node:net";
import type { TrustedProxies } from "./trusted-proxies.ts";

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const IPV6_GROUPS = 8;
const IPV6_PREFIX_GROUPS = 3;

/**
 * The address a request came from. A proxy makes all requests come from itself, and one client would use up the share of
 * everybody: then it is the last address in `X-Forwarded-For` that is no proxy of ours. What stands before that was
 * written by strangers, and from anybody but a proxy the header is ignored.
 */
export function clientAddressOf(
  proxies: TrustedProxies,
  socket: string | undefined,
  forwardedFor: string | undefined,
): string | undefined {
  if (socket === undefined || forwardedFor === undefined || !proxies.has(socket)) return socket;
  const hops = forwardedFor.split(",").map((hop) => hop.trim());
  return hops.findLast((hop) => !proxies.has(hop)) ?? hops[0];
}

/**
 * The network a socket address belongs to: IPv4 /24, IPv6 /48. It is what one party is counted by, and is never
 * written anywhere. An address that cannot be read counts as one network of its own.
 */
export function sourcePrefixOf(address: string | undefined): string {
  const plain = address?.split("%")[0] ?? "";
  const ipv4 = MAPPED_IPV4.exec(plain)?.[1] ?? plain;
  if (isIPv4(ipv4)) return ipv4.slice(0, ipv4.lastIndexOf("."));
  if (isIPv6(plain)) return ipv6Groups(plain).slice(0, IPV6_PREFIX_GROUPS).join(":");
  return "";
}

function ipv6Groups(address: string): readonly string[] {
  const [head = "", tail] = address.toLowerCase().split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const missing = Math.max(0, IPV6_GROUPS - before.length - after.length);
  const zeros = tail === undefined ? [] : Array.from({ length: missing }, () => "0");
  return [...before, ...zeros, ...after].map((group) => group.replace(/^0+(?=.)/, ""));
}

/** A dotted tail, as in `64:ff9b::192.0.2.1`, stands for two groups; which two never matters for a prefix. */
function groupsOf(text: string): readonly string[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}
