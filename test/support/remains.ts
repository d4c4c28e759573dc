import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** Bytes by the name of where they were found. */
export type Remains = ReadonlyMap<string, Buffer>;

/** What must not be found, by what it is. */
export type Needles = ReadonlyMap<string, Uint8Array>;

/** Every file below a folder. */
export function filesIn(folder: string): Remains {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  return new Map(paths.map((path) => [relative(folder, path), readFileSync(path)]));
}

/** Where which needle is: as it is, or as text in hex or either base64. */
export function findAll(remains: Remains, needles: Needles): readonly string[] {
  const found: string[] = [];
  for (const [what, needle] of needles) {
    const shapes = spellings(Buffer.from(needle));
    for (const [where, bytes] of remains) {
      if (shapes.some((shape) => bytes.includes(shape))) found.push(`${what} in ${where}`);
    }
  }
  return found;
}

/** A place as records and programs may write it: integers, doubles and text, each in both orders where there are two. */
export function placeNeedles(
  name: string,
  place: { readonly latitude: number; readonly longitude: number },
): Needles {
  const pair = [place.latitude, place.longitude] as const;
  const integers = Buffer.alloc(16);
  for (const [index, degrees] of pair.entries()) {
    integers.writeInt32BE(Math.round(degrees * 1e7), 4 * index);
    integers.writeInt32LE(Math.round(degrees * 1e7), 8 + 4 * index);
  }
  const needles = new Map<string, Uint8Array>([
    [`${name}: place, big-endian`, integers.subarray(0, 8)],
    [`${name}: place, little-endian`, integers.subarray(8)],
  ]);
  for (const degrees of pair) {
    const double = Buffer.alloc(16);
    double.writeDoubleBE(degrees, 0);
    double.writeDoubleLE(degrees, 8);
    needles.set(`${name}: ${degrees} as a double`, double.subarray(0, 8));
    needles.set(`${name}: ${degrees} as a little-endian double`, double.subarray(8));
    needles.set(`${name}: ${degrees} as text`, Buffer.from(degrees.toFixed(4)));
    needles.set(
      `${name}: ${degrees} as whole text`,
      Buffer.from(String(Math.round(degrees * 1e7))),
    );
  }
  return needles;
}

function spellings(needle: Buffer): readonly Buffer[] {
  const hex = needle.toString("hex");
  // The last characters of base64 depend on what follows.
  const length = 4 * Math.floor(needle.length / 3);
  const texts = [
    hex,
    hex.toUpperCase(),
    needle.toString("base64").slice(0, length),
    needle.toString("base64url").slice(0, length),
  ];
  return [needle, ...texts.map((text) => Buffer.from(text))];
}
