import { RETENTION_DAYS_DEFAULT } from "@glowworm/protocol";
import type { OptionValues } from "./command.ts";
import { numberOption, usage } from "./options.ts";

/** A hundred years: more is a typing error. */
export const RETENTION_DAYS_MAX: number = 36_525;

/** `--retention`: whole days. @throws {Failure} usage */
export function retentionDaysOption(values: OptionValues): number {
  const days = numberOption(values, "retention", {
    min: 1,
    max: RETENTION_DAYS_MAX,
    otherwise: RETENTION_DAYS_DEFAULT,
  });
  if (Number.isInteger(days)) return days;
  throw usage(
    "--retention: expected whole days",
    `for example --retention ${RETENTION_DAYS_DEFAULT}`,
  );
}
