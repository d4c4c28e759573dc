import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makePrivateFolder, replaceFile } from "@glowworm/platform";
import { finished } from "../store/embedded/tools/finished.ts";
import type { ToolWorld } from "../store/embedded/tools/tool-world.ts";

const FILES = /^(?:token\.secret|invites\.sqlite|spent\/[0-9]+\.sqlite)$/;

/**
 * Copies what admission keeps in a data folder, of a server that runs or not, over what `to` has of it: the token secret,
 * invites and spent tokens. A folder of a public server has none. Returns the count of files.
 */
export async function copyAdmission(
  { openForReading, pause }: ToolWorld,
  from: string,
  to: string,
): Promise<number> {
  const source = join(from, "admission");
  if (!existsSync(source)) return 0;
  const names = readdirSync(source, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => FILES.test(name));
  for (const name of files) {
    const target = join(to, "admission", name);
    makePrivateFolder(dirname(target));
    if (name.endsWith(".sqlite")) {
      await finished(target, async (unfinished) => {
        const database = openForReading(join(source, name));
        database.prepare("VACUUM INTO ?").run(unfinished);
        database.close();
      });
    } else {
      replaceFile(target, readFileSync(join(source, name)));
    }
    await pause();
  }
  return files.length;
}
