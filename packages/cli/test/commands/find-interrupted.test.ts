import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATHS } from "@glowworm/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeServer } from "../../../owner/test/support/fake-server.ts";
import { begin, glowworm } from "../support/glowworm.ts";
import { LAST_HOUR, ownerWithReports } from "../support/owner.ts";

const OLDER = Array.from({ length: 9 }, (_, index) => LAST_HOUR - 10 + index);
const DRIP_MS = 50;

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "glowworm-cli-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A byte now and then, for as long as somebody reads. */
function dripping(): Response {
  let timer: NodeJS.Timeout | undefined;
  const start = (controller: ReadableStreamDefaultController): void => {
    controller.enqueue(new Uint8Array(1));
    timer = setInterval(() => controller.enqueue(new Uint8Array(1)), DRIP_MS);
  };
  return new Response(new ReadableStream({ start, cancel: () => clearInterval(timer) }));
}

/** Lists hours before its own whose manifests drip. @returns when `count` of them do. */
function dripOlder({ lies, list }: FakeServer, count: number): Promise<void> {
  const older = OLDER.map((hour) => ({ hour, pages: 1, manifest: "00".repeat(32) }));
  const own = list.hours.filter(({ hour }) => hour > LAST_HOUR - 2);
  lies.set(PATHS.hours, () => Response.json({ ...list, hours: [...older, ...own] }));
  return new Promise((resolve) => {
    let asked = 0;
    for (const hour of OLDER) {
      lies.set(PATHS.manifest(hour), () => {
        asked += 1;
        if (asked === count) resolve();
        return dripping();
      });
    }
  });
}

describe("an interruption while the server drips", () => {
  it.each(["find", "history"])(
    "%s prints what was read until then, and what was not",
    async (command) => {
      const { server } = await ownerWithReports(home, 3);
      // Six at a time: the sixth older one is asked for when the newest two are there.
      const dripped = dripOlder(server, 6);
      const { child, ended } = begin(home, [command, "laptop"]);
      await dripped;
      child.kill("SIGINT");
      const { code, out, talk } = await ended;
      expect(code).toBe(130);
      expect(out).toContain("3 relays agree; on time");
      expect(talk).toMatch(/^interrupted: /);
      expect(talk).toMatch(/not read: hour \d+: interrupted\n/);
      expect(talk).toContain(`and ${OLDER.length - 5} more like these`);
    },
  );

  it("leaves what is on this disk to be found, before the server gave so much as a list", async () => {
    const { server } = await ownerWithReports(home, 2);
    const before = JSON.parse((await glowworm(home, ["find", "laptop", "--json"])).out);
    const dripped = new Promise<void>((resolve) => {
      server.lies.set(PATHS.hours, () => {
        resolve();
        return dripping();
      });
    });
    const { child, ended } = begin(home, ["find", "laptop", "--json"]);
    await dripped;
    child.kill("SIGTERM");
    const { code, out } = await ended;
    expect(code).toBe(130);
    expect(before.interrupted).toBe(false);
    expect(JSON.parse(out)).toMatchObject({
      interrupted: true,
      place: before.place,
      problems: [{ what: "list of hours", code: "interrupted" }],
    });
  });

  it("says that nothing was found until then", async () => {
    const { server } = await ownerWithReports(home, 0);
    const dripped = dripOlder(server, 6);
    const { child, ended } = begin(home, ["find", "laptop"]);
    await dripped;
    child.kill("SIGINT");
    const { code, out, talk } = await ended;
    expect({ code, out }).toEqual({ code: 130, out: "" });
    expect(talk).toMatch(/^interrupted: .*\nLaptop was not found\.\n/);
    expect(talk).toContain("1. it is in the part that could not be read: run it again");
  });

  it("ends at once, without an answer, when there is a second", async () => {
    const { server } = await ownerWithReports(home, 3);
    const dripped = dripOlder(server, 6);
    const { child, ended } = begin(home, ["find", "laptop"]);
    await dripped;
    // Both are there when it goes on: no turn in which it could answer lies between them.
    for (const signal of ["SIGSTOP", "SIGINT", "SIGTERM", "SIGCONT"] as const) child.kill(signal);
    expect(await ended).toEqual({ code: 130, out: "", talk: "" });
  });
});
