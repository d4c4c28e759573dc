import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Environment, Failure } from "@glowworm/platform";
import { DAY_SECONDS } from "@glowworm/protocol";
import { type InviteBook, openInviteBook } from "@glowworm/server";
import type { OptionValues } from "../command.ts";
import { serverSettings } from "../server-tools.ts";

/** Does something with the invites of the server whose data folder is named, or the usual one. @throws {Failure} */
export function withInvites<T>(
  values: OptionValues,
  env: Environment,
  use: (book: InviteBook) => T,
): T {
  const { data } = serverSettings(values, env);
  const isServers = ["format", "lock.sqlite", "admission"].some((name) =>
    existsSync(join(data, name)),
  );
  if (!isServers) {
    const remedy =
      "name the folder that the server runs with, and start it once before: --data DIR";
    throw new Failure("usage", `--data: ${data} is no data folder of a server`, remedy);
  }
  const book = openInviteBook(data);
  try {
    return use(book);
  } finally {
    book.close();
  }
}

/** A UTC day as a date, or null. */
export function dateOf(day: number | null): string | null {
  return day === null ? null : new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
}
