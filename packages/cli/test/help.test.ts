import { describe, expect, it } from "vitest";
import { COMMANDS } from "../src/commands.ts";
import { showHelp } from "../src/help.ts";

interface Shown {
  readonly exit: number;
  readonly out: string;
  readonly talk: string;
}

function show(...args: readonly string[]): Shown {
  const out: string[] = [];
  const talk: string[] = [];
  const exit = showHelp(args, { out: (line) => out.push(line), say: (line) => talk.push(line) });
  return { exit, out: out.join("\n"), talk: talk.join("\n") };
}

const GROUPS = new Set(
  COMMANDS.filter(({ name }) => name.includes(" ")).map(({ name }) => name.split(" ")[0] ?? ""),
);

describe("glowworm --help", () => {
  it.each([["--help"], ["-h"], ["help"]])("lists every command for %s", (word) => {
    const { exit, out, talk } = show(word);
    expect([exit, talk]).toEqual([0, ""]);
    for (const { name, summary } of COMMANDS) expect(out).toMatch(lineOf(name, summary));
  });

  it.each([...GROUPS])("lists the commands of %s, and no others", (group) => {
    const { exit, out, talk } = show(group, "--help");
    expect([exit, talk]).toEqual([0, ""]);
    expect(show("help", group)).toEqual({ exit, out, talk });
    expect(show(group)).toEqual({ exit: 2, out: "", talk: out });
    for (const { name, summary } of COMMANDS) {
      const isOfGroup = name.startsWith(`${group} `);
      expect(lineOf(name, summary).test(out)).toBe(isOfGroup);
    }
  });

  it("shows what a command takes after help", () => {
    const invite = COMMANDS.find(({ name }) => name === "server invite");
    expect(show("help", "server", "invite")).toEqual({ exit: 0, out: invite?.help, talk: "" });
  });

  it.each([
    ["serve"],
    ["server", "start"],
    ["server", "start", "--help"],
    ["help", "nothing"],
    ["init2"],
  ])("says that %s %s is no command, and lists what is near", (...args) => {
    const { exit, out, talk } = show(...args);
    expect([exit, out]).toEqual([2, ""]);
    expect(talk).toContain("no command");
    expect(talk).toContain("server run");
  });

  it("lists everything for nothing, as for a mistake", () => {
    expect(show()).toEqual({ exit: 2, out: "", talk: show("--help").out });
  });
});

/** The words of a summary have no meaning to a pattern but "." and ",". */
function lineOf(name: string, summary: string): RegExp {
  return new RegExp(`^  ${name} +${summary}$`, "m");
}
