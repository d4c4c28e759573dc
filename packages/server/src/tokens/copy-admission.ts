import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, Failure, makePrivateFolder, replaceFile } from "@glowworm/platform";
import { finished } from "../store/embedded/tools/finished.ts";
import type { ToolWorld } from "../store/embedded/tools/tool-world.ts";

const FILES = /^(?:token\.secret|invites\.sqlite|spent\/(?:[0-9]+\.sqlite|forgotten))$/;

/**
 * Makes what admission keeps in `to` the same as in `from`, the data folder of a server that runs or not, or a backup: the
 * token secret, invites, and tokens that were spent lately. A public server has none. Returns the count of files.
 * @throws {Failure} when one of them cannot be copied.
 */
export async function copyAdmission(world: ToolWorld, from: string, to: string): Promise<number> {
  const [source, target] = [join(from, "admission"), join(to, "admission")];
  const names = filesIn(source);
  for (const name of filesIn(target)) if (!names.includes(name)) rmSync(join(target, name));
  for (const name of names) {
    makePrivateFolder(dirname(join(target, name)));
    try {
      await copyFile(world, join(source, name), join(target, name));
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      const message = `${join(source, name)}: cannot be copied (${errorCode(cause)})`;
      throw new Failure(
        "failure",
        message,
        "see whether the file is whole, and the disk has room",
        {
          cause,
        },
      );
    }
    await world.pause();
  }
  return names.length;
}

async function copyFile(world: ToolWorld, from: string, to: string): Promise<void> {
  if (!from.endsWith(".sqlite")) {
    replaceFile(to, readFileSync(from));
    return;
  }
  await finished(to, async (unfinished) => {
    const database = world.openForReading(from);
    try {
      database.prepare("VACUUM INTO ?").run(unfinished);
    } finally {
      database.close();
    }
  });
}

function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    FILES.test(name),
  );
}
