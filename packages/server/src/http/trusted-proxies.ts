import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";
import { Failure } from "@glowworm/platform";

/** Shortest prefix that is believed, by family: 10.0.0.0/8 and fc00::/7 are the largest private networks. */
const BITS_MIN = { 4: 8, 6: 7 } as const;
const BITS_MAX = { 4: 32, 6: 128 } as const;

/** Proxies on this machine. */
export const LOOPBACK: readonly string[] = ["127.0.0.0/8", "::1"];

interface IPv4Network {
  readonly first: number;
  readonly addresses: number;
}

/** Who may say from where a request came. */
export class TrustedProxies {
  /** A list answers for any spelling of an address, and makes an object of it each time. */
  readonly #list: BlockList = new BlockList();
  /** The same for the spelling that nearly all have: asked four times for every request. */
  readonly #ipv4: IPv4Network[] = [];

  /**
   * @param proxies addresses and networks, as `192.0.2.7` or `2001:db8::/32`.
   * @throws {Failure} `usage` for what is neither, or so large that strangers are in it.
   */
  constructor(proxies: readonly string[]) {
    for (const proxy of proxies) this.#add(proxy);
  }

  /** Whether the address is one of a proxy. An IPv4 address may be written in IPv6. */
  has(address: string): boolean {
    if (isIPv4(address)) return this.#hasIPv4(ipv4Number(address));
    return isIP(address) === 6 && this.#list.check(address, "ipv6");
  }

  #hasIPv4(address: number): boolean {
    for (const { first, addresses } of this.#ipv4) {
      if (address >= first && address < first + addresses) return true;
    }
    return false;
  }

  #add(proxy: string): void {
    const [address = "", bits, ...rest] = proxy.split("/");
    const family = isIP(address);
    if ((family !== 4 && family !== 6) || rest.length > 0 || address.includes("%")) {
      throw refused(proxy, "expected an address or a network");
    }
    const length = bits === undefined ? BITS_MAX[family] : wholeNumber(bits);
    if (length > BITS_MAX[family]) throw refused(proxy, "expected an address or a network");
    if (length < BITS_MIN[family]) {
      throw refused(proxy, "so large a network holds strangers, who could then claim any address");
    }
    if (family === 6 && holdsIPv4(address, length)) throw refused(proxy, "write IPv4 as such");
    this.#list.addSubnet(address, length, family === 4 ? "ipv4" : "ipv6");
    if (family === 6) return;
    const addresses = 2 ** (BITS_MAX[family] - length);
    const number = ipv4Number(address);
    this.#ipv4.push({ first: number - (number % addresses), addresses });
  }
}

/** Of four numbers with points between. */
function ipv4Number(address: string): number {
  let number = 0;
  for (const part of address.split(".")) number = number * 256 + Number(part);
  return number;
}

/** Whether it holds IPv4 addresses as IPv6 writes them, `::ffff:192.0.2.1`. */
function holdsIPv4(address: string, bits: number): boolean {
  const network = new BlockList();
  network.addSubnet(address, bits, "ipv6");
  const isWithin = new SocketAddress({ address, family: "ipv6" }).address.startsWith("::ffff:");
  return isWithin || network.check("0.0.0.0", "ipv4");
}

function wholeNumber(text: string): number {
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

function refused(proxy: string, why: string): Failure {
  const remedy = "name the proxies alone, for example 10.0.0.5 or 10.0.0.0/8";
  return new Failure("usage", `trusted_proxies: ${proxy}: ${why}`, remedy);
}
