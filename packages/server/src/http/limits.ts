/**
 * What one server, and one network of its clients, may take. A network is an IPv4 /24 or an IPv6 /48. `Infinity` lifts
 * a limit that counts records or bytes. The reasons for the values are in docs/limits.md.
 */
export interface ServerLimits {
  /** Connections in all. At the last one, the one that has waited longest for a request makes room. */
  readonly connections: number;
  /** Connections of one network; behind a proxy, its requests in flight. */
  readonly connectionsPerNetwork: number;
  /** Milliseconds for the headers of a request, from the connection or the answer before. */
  readonly headersTimeoutMs: number;
  /** Milliseconds for a whole request. */
  readonly requestTimeoutMs: number;
  /** Milliseconds an answered connection stays open for the next request. */
  readonly keepAliveMs: number;
  /** Milliseconds without a byte after which a connection ends; an unread answer ends after twice this time. */
  readonly idleMs: number;
  /** Records of one id that one network may upload in an hour, at most 255. */
  readonly recordsPerId: number;
  /** Records that one network may upload a minute, in the long run. */
  readonly recordsPerMinute: number;
  /** Records that one network may upload at once, after a silence: at least 64, or whole batches never fit. */
  readonly recordsAtOnce: number;
  /** Bytes that one network may read a minute, in the long run. */
  readonly bytesPerMinute: number;
  /** Bytes that one network may read at once, after a silence. */
  readonly bytesAtOnce: number;
}

/** What a request costs at least, of the bytes a network may read: an answer of nothing is work, too. */
export const REQUEST_BYTES_MIN: number = 4096;

/** The limits of a server that was told nothing else. */
export const SERVER_LIMITS: ServerLimits = {
  connections: 1024,
  connectionsPerNetwork: 128,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 10_000,
  keepAliveMs: 5000,
  idleMs: 15_000,
  recordsPerId: 64,
  recordsPerMinute: 1200,
  recordsAtOnce: 6000,
  bytesPerMinute: 125_000_000,
  bytesAtOnce: 2_500_000_000,
};
