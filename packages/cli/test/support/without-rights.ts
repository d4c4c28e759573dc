import { chmodSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const NOBODY = 65_534;
const OTHERS = 0o055;

/** Does something as a user who may read a folder and all in it, but write nothing there; root has that user's rights meanwhile. */
export async function readingOnly<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const paths = [folder, ...names.map((name) => join(folder, name))];
  return await withModes(paths, (isFolder) => (isFolder ? 0o555 : 0o444), work);
}

/** Does something as a user who may not enter a folder. */
export async function shutOut<T>(folder: string, work: () => Promise<T>): Promise<T> {
  return await withModes([folder], () => 0, work);
}

/** Lets everybody reach what is in a folder of this user's. */
export function letThrough(folder: string): void {
  chmodSync(folder, 0o700 | OTHERS);
}

async function withModes<T>(
  paths: readonly string[],
  modeOf: (isFolder: boolean) => number,
  work: () => Promise<T>,
): Promise<T> {
  const before = paths.map((path) => statSync(path));
  const isRoot = process.geteuid?.() === 0;
  for (const [index, path] of paths.entries()) {
    chmodSync(path, modeOf(before[index]?.isDirectory() === true));
  }
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    for (const [index, path] of paths.entries()) chmodSync(path, before[index]?.mode ?? 0o700);
  }
}
