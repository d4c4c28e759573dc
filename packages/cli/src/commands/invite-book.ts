import type { Environment } from "@glowworm/platform";
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
  const book = openInviteBook(serverSettings(values, env).data);
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
