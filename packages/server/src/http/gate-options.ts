import type { IncomingMessage } from "node:http";
import { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import type { RateLimitDeps } from "./rate-limit.ts";
import { LOOPBACK, TrustedProxies } from "./trusted-proxies.ts";

/** What the gate stands on. */
export interface GateDeps extends RateLimitDeps {
  readonly limits: ServerLimits;
  readonly proxies: TrustedProxies;
  /** Mean delay of the event loop lately, in milliseconds. */
  readonly loopDelayMs: () => number;
  /** Told of every request that was refused. */
  readonly onRefused: (request: IncomingMessage) => void;
}

/** What an operator may choose of it. */
export interface GateOptions extends RateLimitDeps {
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ServerLimits>;
  /**
   * Addresses and networks of the proxies whose `X-Forwarded-For` is believed; this machine alone when absent. None
   * for an onion service, whose strangers all seem to be on this machine.
   */
  readonly trustedProxies?: readonly string[];
  /** Mean delay of the event loop lately, in milliseconds: above 200 uploads are put off. Not watched when absent. */
  readonly loopDelayMs?: () => number;
}

/** Options with their defaults. @throws {Failure} `usage` for a trusted proxy that is none. */
export function gateDeps(
  options: GateOptions,
  onRefused: GateDeps["onRefused"] = () => {},
): GateDeps {
  const { clock, crypto, random, loopDelayMs = () => 0, trustedProxies = LOOPBACK } = options;
  const limits = { ...SERVER_LIMITS, ...options.limits };
  return {
    clock,
    crypto,
    random,
    limits,
    proxies: new TrustedProxies(trustedProxies),
    loopDelayMs,
    onRefused,
  };
}
