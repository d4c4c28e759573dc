import type { UnixSeconds } from "@glowworm/protocol";

const UNITS = [
  { name: "day", seconds: 86_400 },
  { name: "hour", seconds: 3600 },
  { name: "minute", seconds: 60 },
  { name: "second", seconds: 1 },
] as const;

/** A span in its largest whole unit, such as `12 minutes`. */
export function spanOf(seconds: number): string {
  const length = Math.round(Math.abs(seconds));
  const unit = UNITS.find((candidate) => length >= candidate.seconds) ?? UNITS[3];
  return counted(Math.floor(length / unit.seconds), unit.name);
}

/** How long ago a time was, such as `12 minutes ago`. */
export function agoOf(at: UnixSeconds, now: UnixSeconds): string {
  if (at > now) return `in ${spanOf(at - now)} by this computer's clock`;
  return at === now ? "just now" : `${spanOf(now - at)} ago`;
}

/** RFC 3339, UTC, whole seconds. */
export function timeOf(at: UnixSeconds): string {
  return new Date(at * 1000).toISOString().replace(".000Z", "Z");
}

/** The UTC date of a day number. */
export function dateOf(day: number): string {
  return timeOf(day * 86_400).slice(0, 10);
}

/** `1 relay`, `2 relays`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Degrees with as many decimals as the accuracy gives sense to, and one more. */
export function degreesOf(degrees: number, accuracyMetres: number): string {
  const metresPerDegree = 111_320;
  const decimals = Math.ceil(Math.log10(metresPerDegree / Math.max(0.1, accuracyMetres))) + 1;
  return degrees.toFixed(Math.min(7, Math.max(1, decimals)));
}

/** Metres below ten kilometres, kilometres above. */
export function distanceOf(metres: number): string {
  return metres < 10_000 ? `${Math.ceil(metres)} m` : `${Math.ceil(metres / 1000)} km`;
}
