import { isIPv4, isIPv6 } from "node:net";

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const IPV6_GROUPS = 8;
const IPV6_PREFIX_GROUPS = 3;

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/i;

/**
 * The address a request came from. A TLS proxy on this machine makes all of them come from loopback, and one uploader
 * would use up the share of everybody: then it is the address the proxy itself was reached from, which it puts last.
 * Nobody outside this machine can connect from loopback, so from anybody else the header is ignored.
 */
export function clientAddressOf(
  socket: string | undefined,
  forwardedFor: string | undefined,
): string | undefined {
  if (socket === undefined || forwardedFor === undefined || !LOOPBACK.test(socket)) return socket;
  return forwardedFor.split(",").at(-1)?.trim();
}

/**
 * The network a socket address belongs to: IPv4 /24, IPv6 /48. It is what one party is counted by, and is never
 * written anywhere. An address that cannot be read counts as one network of its own.
 */
export function sourcePrefixOf(address: string | undefined): string {
  const plain = address?.split("%")[0] ?? "";
  const ipv4 = MAPPED_IPV4.exec(plain)?.[1] ?? plain;
  if (isIPv4(ipv4)) return ipv4.split(".").slice(0, 3).join(".");
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
