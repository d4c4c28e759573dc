import { Failure } from "@glowworm/platform";
import type { OptionValues } from "./command.ts";

/** A text option, or undefined when it was not given. */
export function textOption(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** Whether a switch was given. */
export function isGiven(values: OptionValues, name: string): boolean {
  return values[name] === true;
}

/** A number option within inclusive limits. @throws {Failure} usage */
export function numberOption(
  values: OptionValues,
  name: string,
  limits: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const text = textOption(values, name);
  if (text === undefined) return limits.otherwise;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= limits.min && value <= limits.max) return value;
  throw usage(
    `--${name}: expected a number from ${limits.min} to ${limits.max}, got "${text}"`,
    `for example --${name} ${limits.otherwise}`,
  );
}

/** A mistake in the words of a command. */
export function usage(message: string, remedy: string, cause?: unknown): Failure {
  return new Failure("usage", message, remedy, cause === undefined ? {} : { cause });
}
