import { RSSI_UNKNOWN, toHex } from "@glowworm/protocol";
import {
  type Coordinates,
  type Direction,
  directionOf,
  metresBetween,
  weightedCentre,
} from "./geo.ts";
import type { GradedReport } from "./grade.ts";
import { meanAge, motionOf } from "./motion.ts";

/** Where the reports of a few minutes put the accessory. */
export interface Estimate extends Coordinates {
  /** Radius that holds the accessory in at least 68 of 100 cases, if the relays that agree are honest. */
  readonly accuracyMetres: number;
  /** The reports that agree, newest first. */
  readonly agreeing: readonly GradedReport[];
  /** Distinct relays among them; a relay is known again within an epoch only, so this is the most of any epoch. */
  readonly relays: number;
  /** Distinct relays whose reports put it elsewhere. */
  readonly relaysDisagreeing: number;
}

/** One relay's say. */
interface Voice {
  readonly report: GradedReport;
  readonly direction: Direction;
  /** Metres, 68 %: how far the accessory may be from where the relay believed to be. */
  readonly sigma: number;
}

/** No receiver's word is taken for better than this: a liar's claim of a centimetre would outweigh everybody. */
const SIGMA_MIN_METRES = 5;
/** Two voices agree within this many of their sigmas. */
const AGREEMENT_SIGMAS = 3;
/** A voice no wider than this is never narrowed when agreement is judged: a phone's fix between houses. */
const SIGMA_CAP_MIN_METRES = 50;
/** A path-loss model of a laptop's 0 dBm radio with things in the way: signal at one metre, and exponent. */
const RSSI_AT_ONE_METRE_DBM = -59;
const PATH_LOSS_EXPONENT = 2.3;
const RANGE_MIN_METRES = 2;
const RANGE_MAX_METRES = 80;
/**
 * Walls, pockets and bodies make a distance from signal strength wrong by a factor of two, and voices whose distance
 * came out too small weigh most. A simulation with 6 dB of such shadowing needs 1.45; with 8 dB 1.6.
 */
const RADIUS_MARGIN = 1.6;

/**
 * Estimates a place from reports of one time. The anchor is the voice that most others support, each counting once
 * whatever accuracy it claims: where honest relays are more than half, one of them is among its supporters, so that
 * liars cannot carry it away. Only voices beside the anchor are then averaged, by their accuracy and age.
 * @param reports at least one, or there is no estimate.
 */
export function estimatePlace(reports: readonly GradedReport[]): Estimate | null {
  const voices = oneVoiceEach(reports);
  const cap = sigmaCap(voices);
  const anchor = anchorOf(voices, cap);
  if (anchor === null) return null;
  const beside = voices.filter((voice) => isBeside(voice, anchor, cap));
  const { voices: agreeing, lagMetres } = withAge(beside);
  const centre = weightedCentre(
    agreeing.map(({ direction, sigma }) => ({ direction, weight: sigma ** -2 })),
  );
  const relays = countRelays(agreeing);
  return {
    ...centre,
    accuracyMetres: Math.hypot(lagMetres, radiusOf(agreeing, directionOf(centre), relays)),
    agreeing: agreeing.map(({ report }) => report),
    relays,
    relaysDisagreeing: countRelays(voices.filter((voice) => isElsewhere(voice, anchor, cap))),
  };
}

/** How far away, at most and in metres, a transmitter of this signal strength likely is. */
export function radioRange(rssiDbm: number): number {
  if (rssiDbm === RSSI_UNKNOWN) return RANGE_MAX_METRES;
  const range = 10 ** ((RSSI_AT_ONE_METRE_DBM - rssiDbm) / (10 * PATH_LOSS_EXPONENT));
  return Math.min(RANGE_MAX_METRES, Math.max(RANGE_MIN_METRES, range));
}

/** A relay speaks once an epoch, with its best report; newest first, so that ties go to the newest. */
function oneVoiceEach(reports: readonly GradedReport[]): readonly Voice[] {
  const best = new Map<string, Voice>();
  for (const report of [...reports].sort((a, b) => b.sighting.seenAt - a.sighting.seenAt)) {
    const voice = voiceOf(report);
    const key = relayKey(report);
    const known = best.get(key);
    if (known === undefined || voice.sigma < known.sigma) best.set(key, voice);
  }
  return [...best.values()];
}

function voiceOf(report: GradedReport): Voice {
  const { sighting } = report;
  const direction = directionOf({
    latitude: sighting.latitudeE7 / 1e7,
    longitude: sighting.longitudeE7 / 1e7,
  });
  const sigma = Math.hypot(sighting.accuracyDm / 10, radioRange(sighting.rssiDbm));
  return { report, direction, sigma: Math.max(SIGMA_MIN_METRES, sigma) };
}

/**
 * Voices that agree, the older the vaguer: the accessory may have been carried off since. The more voices there are, and
 * the wider they lie in time, the less that costs where it rests. `lagMetres`: how far the mean of the voices trails
 * behind what they show to move.
 */
function withAge(voices: readonly Voice[]): {
  readonly voices: readonly Voice[];
  readonly lagMetres: number;
} {
  const newest = voices.reduce((latest, { report }) => Math.max(latest, report.sighting.seenAt), 0);
  const points = voices.map((voice) => {
    return { ...voice, ageSeconds: newest - voice.report.sighting.seenAt };
  });
  const { metresPerSecond, isShown } = motionOf(points);
  const aged = points.map((point) => {
    return { ...point, sigma: Math.hypot(point.sigma, metresPerSecond * point.ageSeconds) };
  });
  return { voices: aged, lagMetres: isShown ? metresPerSecond * meanAge(aged) : 0 };
}

/** No voice may claim such a wide circle that everything is beside it, unless most of them are as wide. */
function sigmaCap(voices: readonly Voice[]): number {
  const sigmas = voices.map(({ sigma }) => sigma).sort((a, b) => a - b);
  return Math.max(SIGMA_CAP_MIN_METRES, 2 * (sigmas[sigmas.length >> 1] ?? 0));
}

/** The voice with most others beside it; among equals the one nearest to all, then the newest. */
function anchorOf(voices: readonly Voice[], cap: number): Voice | null {
  let best: { readonly voice: Voice; readonly support: number; readonly sum: number } | null = null;
  for (const voice of voices) {
    let [support, sum] = [0, 0];
    for (const other of voices) {
      if (isBeside(other, voice, cap)) support += 1;
      sum += metresBetween(voice.direction, other.direction);
    }
    const isBetter =
      best === null || support > best.support || (support === best.support && sum < best.sum);
    if (isBetter) best = { voice, support, sum };
  }
  return best?.voice ?? null;
}

function isBeside(voice: Voice, anchor: Voice, cap: number): boolean {
  const sigma = Math.hypot(Math.min(voice.sigma, cap), Math.min(anchor.sigma, cap));
  return metresBetween(voice.direction, anchor.direction) <= AGREEMENT_SIGMAS * sigma;
}

/** A wide circle that holds the anchor contradicts nothing, even where it is too wide to add anything. */
function isElsewhere(voice: Voice, anchor: Voice, cap: number): boolean {
  const sigma = Math.hypot(voice.sigma, Math.min(anchor.sigma, cap));
  return metresBetween(voice.direction, anchor.direction) > AGREEMENT_SIGMAS * sigma;
}

/**
 * What each voice may be wrong by, or what they are seen to scatter by if that is more, less what averaging gains.
 * Only relays average out: one relay that speaks in two epochs stands where it stood.
 */
function radiusOf(voices: readonly Voice[], centre: Direction, relays: number): number {
  let [weights, scatter] = [0, 0];
  for (const { direction, sigma } of voices) {
    const weight = sigma ** -2;
    weights += weight;
    scatter += weight * metresBetween(direction, centre) ** 2;
  }
  const meant = voices.length / weights;
  const spread = scatter / weights;
  return RADIUS_MARGIN * Math.sqrt(Math.max(meant, spread) / Math.max(1, relays));
}

function countRelays(voices: readonly Voice[]): number {
  const perEpoch = new Map<string, number>();
  for (const { report } of voices) {
    const key = epochKey(report);
    perEpoch.set(key, (perEpoch.get(key) ?? 0) + 1);
  }
  return Math.max(0, ...perEpoch.values());
}

function relayKey(report: GradedReport): string {
  return `${epochKey(report)} ${toHex(report.sighting.relayMark)}`;
}

function epochKey({ epoch }: GradedReport): string {
  return `${epoch.day}/${epoch.epoch}`;
}
