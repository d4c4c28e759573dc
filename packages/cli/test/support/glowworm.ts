import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as Body } from "node:stream/web";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type FakeServer, SERVER_URL } from "../../../owner/test/support/fake-server.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/glowworm.js", import.meta.url));

/** What a run of the program left behind. */
export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly talk: string;
}

/** Runs the program as a person would, in a home of its own and without a terminal. */
export function glowworm(
  home: string,
  args: readonly string[],
  input = "",
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  return begin(home, args, input, env).ended;
}

/** The same as another user, by number; undefined for who runs the tests. */
export function glowwormOf(
  user: number | undefined,
  home: string,
  args: readonly string[],
): Promise<Run> {
  return begin(home, args, "", {}, user === undefined ? {} : { uid: user, gid: user }).ended;
}

/** The same, for who wants to do something to it meanwhile. */
export function begin(
  home: string,
  args: readonly string[],
  input = "",
  env: Readonly<Record<string, string>> = {},
  user: { readonly uid?: number; readonly gid?: number } = {},
): { readonly child: ChildProcess; readonly ended: Promise<Run> } {
  const own = { XDG_CONFIG_HOME: join(home, "config"), XDG_CACHE_HOME: join(home, "cache") };
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: home,
    ...user,
    env: { PATH: process.env["PATH"], HOME: home, ...own, ...env },
  });
  let [out, talk] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    talk += text;
  });
  child.stdin.end(input);
  const ended = new Promise<Run>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, talk }));
  });
  return { child, ended };
}

/** Serves on loopback until it is stopped or the test ends. */
export async function serve(fake: FakeServer): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    void fake.fetch(`${SERVER_URL}${request.url}`, {}).then(async (answer) => {
      response.writeHead(answer.status);
      const body = answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body as Body);
      // A client that goes ends what it was sent.
      await pipeline(body, response).catch(() => undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}
