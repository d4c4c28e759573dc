import { readFileSync } from "node:fs";
import {
  type About,
  type Admission,
  BATCH_RECORDS_MAX,
  PROTOCOL_VERSION,
} from "@glowworm/protocol";
import type { ServerLimits } from "./http/limits.ts";

/** What only the operator knows of a server. */
export interface OperatorWords {
  /** Hash over the program, or null where it could not be computed. */
  readonly build: string | null;
  /** Text or a URL, or null. */
  readonly policy: string | null;
  readonly contact: string | null;
}

/** What the server does. */
interface Rules {
  readonly admission: Admission;
  readonly retentionDays: number;
  readonly limits: ServerLimits;
}

/** @see docs/protocol.md section 8.4 */
export function aboutOf(words: OperatorWords, rules: Rules): About {
  const { admission, retentionDays, limits } = rules;
  return {
    v: 1,
    protocol: PROTOCOL_VERSION,
    software: software(),
    ...words,
    admission,
    retentionDays,
    limits: { recordsPerUpload: BATCH_RECORDS_MAX, recordsPerId: limits.recordsPerId },
  };
}

function software(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  return `glowworm ${version}`;
}
