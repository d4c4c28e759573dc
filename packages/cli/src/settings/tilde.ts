import { homedir } from "node:os";
import type { Mistake } from "./layers.ts";

/** What is wrong with a path that begins with `~`: nobody expands it in a file or a variable, nor a shell in `--data=~/x`. */
export function tildeMistakes(place: string, path: unknown): readonly Mistake[] {
  if (typeof path !== "string" || !path.startsWith("~")) return [];
  const isOwn = path === "~" || path.startsWith("~/");
  const whole = isOwn ? `"${homedir()}${path.slice(1)}"` : "the whole path, which begins with /";
  return [{ place, message: `"~" is not expanded here: "${path}"`, remedy: `write ${whole}` }];
}
