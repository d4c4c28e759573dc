import { arrivalStepOf, epochOf, minuteInEpoch } from "@glowworm/protocol";
import type { GradedReport } from "../../src/answer/grade.ts";
import { gradeReports } from "../../src/answer/grade.ts";
import type { OpenedReport } from "../../src/answer/open.ts";
import { type Heard, sightingOf } from "./reports.ts";

/** A report as it comes out of `openReports`, without the cost of sealing it. */
function openedReport(heard: Heard): OpenedReport {
  const beaconTime = heard.beaconTime ?? heard.seenAt;
  return {
    sighting: sightingOf(heard, new Uint8Array(4)),
    epoch: epochOf(beaconTime),
    minute: heard.token === undefined ? minuteInEpoch(beaconTime) : null,
    arrivalStep: arrivalStepOf(heard.arrivedAt ?? heard.seenAt + 60),
  };
}

export function gradedReports(heard: readonly Heard[]): readonly GradedReport[] {
  return gradeReports(heard.map(openedReport));
}
