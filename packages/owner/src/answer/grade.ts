import {
  ARRIVAL_STEP_SECONDS,
  EPOCHS_PER_DAY,
  epochStart,
  ON_TIME_SECONDS,
  REPORT_MAX_AGE_SECONDS,
  TOKEN_SECONDS,
} from "@glowworm/protocol";
import type { OpenedReport } from "./open.ts";

/** How well the time of a report is proven. */
type Grade =
  | { readonly kind: "on-time" }
  /** The beacon's clock was off, or somebody repeats an old broadcast. Confirmed once several epochs agree. */
  | { readonly kind: "clock-off"; readonly isConfirmed: boolean }
  /** `token`: it names no minute of its epoch. `late`: it took longer to arrive than any relay keeps a report. */
  | { readonly kind: "unproven"; readonly why: "token" | "late" };

/** A report with its grade. */
export interface GradedReport extends OpenedReport {
  /** Seconds by which the beacon's clock was behind the relay's: seen-at minus the minute its token names. */
  readonly offsetSeconds: number;
  readonly grade: Grade;
}

/**
 * Epochs that must agree on an offset. One or two are heard in a single passing, and repeated by whoever heard it
 * then; three in a row take a quarter of an hour beside the beacon.
 */
const EPOCHS_AGREEING_MIN = 3;

/** Grades reports against their epochs and against each other. @see docs/protocol.md section 6.7 */
export function gradeReports(reports: readonly OpenedReport[]): readonly GradedReport[] {
  const graded = reports.map(gradeAlone);
  const confirmed = confirmedOffsets(graded);
  return graded.map((report) =>
    report.grade.kind === "clock-off" && confirmed.has(report)
      ? { ...report, grade: { kind: "clock-off", isConfirmed: true } }
      : report,
  );
}

/** Whether a report's time is to be believed. */
export function isTrusted({ grade }: GradedReport): boolean {
  return grade.kind === "on-time" || (grade.kind === "clock-off" && grade.isConfirmed);
}

function gradeAlone(report: OpenedReport): GradedReport {
  const minute = report.minute ?? 0;
  const offsetSeconds =
    report.sighting.seenAt - (epochStart(report.epoch) + minute * TOKEN_SECONDS);
  const arrivedAt = report.arrivalStep * ARRIVAL_STEP_SECONDS;
  const isLate = arrivedAt - report.sighting.seenAt > REPORT_MAX_AGE_SECONDS;
  return { ...report, offsetSeconds, grade: gradeOf(report.minute, isLate, offsetSeconds) };
}

function gradeOf(minute: number | null, isLate: boolean, offsetSeconds: number): Grade {
  if (minute === null) return { kind: "unproven", why: "token" };
  if (isLate) return { kind: "unproven", why: "late" };
  if (Math.abs(offsetSeconds) <= ON_TIME_SECONDS) return { kind: "on-time" };
  return { kind: "clock-off", isConfirmed: false };
}

/** Reports whose offset is shared by enough epochs, and by more than were on time while it was seen. */
function confirmedOffsets(graded: readonly GradedReport[]): ReadonlySet<GradedReport> {
  const onTime = graded.filter(({ grade }) => grade.kind === "on-time");
  const heardOnTime = new Set(onTime.map(epochKey));
  const confirmed = new Set<GradedReport>();
  for (const group of groupsByOffset(graded.filter(({ grade }) => grade.kind === "clock-off"))) {
    const epochs = countEpochs(group.filter((report) => !isRepeated(report, heardOnTime)));
    if (epochs < EPOCHS_AGREEING_MIN) continue;
    const against = onTime.filter(isSeenDuring(group));
    if (epochs > countEpochs(against)) for (const report of group) confirmed.add(report);
  }
  return confirmed;
}

/**
 * An epoch that was heard on time and comes again later is a recording: a beacon does not go back. Earlier is another
 * matter: a clock that was ahead and has been set right says the same epochs once more.
 */
function isRepeated(report: GradedReport, heardOnTime: ReadonlySet<number>): boolean {
  return report.offsetSeconds > 0 && heardOnTime.has(epochKey(report));
}

/** While a group was seen, and a little before and after: a beacon has one clock, not two by turns. */
function isSeenDuring(group: readonly GradedReport[]): (report: GradedReport) => boolean {
  const seen = group.map(({ sighting }) => sighting.seenAt);
  const first = seen.reduce((a, b) => Math.min(a, b)) - ON_TIME_SECONDS;
  const last = seen.reduce((a, b) => Math.max(a, b)) + ON_TIME_SECONDS;
  return ({ sighting }) => sighting.seenAt >= first && sighting.seenAt <= last;
}

/** A slow drift passes through every offset: neighbours within the tolerance are one group. */
function groupsByOffset(reports: readonly GradedReport[]): readonly (readonly GradedReport[])[] {
  const groups: GradedReport[][] = [];
  let previous = Number.NEGATIVE_INFINITY;
  for (const report of [...reports].sort((a, b) => a.offsetSeconds - b.offsetSeconds)) {
    const group = report.offsetSeconds - previous <= ON_TIME_SECONDS ? groups.at(-1) : undefined;
    if (group === undefined) groups.push([report]);
    else group.push(report);
    previous = report.offsetSeconds;
  }
  return groups;
}

function countEpochs(reports: readonly GradedReport[]): number {
  return new Set(reports.map(epochKey)).size;
}

function epochKey({ epoch }: GradedReport): number {
  return epoch.day * EPOCHS_PER_DAY + epoch.epoch;
}
