import { readdirSync, readFileSync } from "node:fs";
import * as protocol from "@glowworm/protocol";
import { describe, expect, it } from "vitest";
import * as params from "../packages/protocol/src/params.ts";
import { workedExample } from "./support/worked-example.ts";

const ROOT = new URL("../", import.meta.url);
const SPEC = textOf("docs/protocol.md");
const HEADINGS = new Set([...SPEC.matchAll(/^#{2,3} (\d+(?:\.\d+)?) /gm)].map(([, n]) => n ?? ""));
const SOURCES = readdirSync(new URL("packages/", ROOT)).flatMap((name) => {
  const folder = `packages/${name}/src`;
  return readdirSync(new URL(folder, ROOT), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`);
});

describe("docs/protocol.md", () => {
  it("has every section that the source cites", () => {
    const cited = SOURCES.flatMap((file) =>
      sectionsIn(textOf(file)).map((section) => ({ file, section })),
    );
    expect(cited.length).toBeGreaterThan(40);
    expect(cited.filter(({ section }) => !HEADINGS.has(section))).toEqual([]);
  });

  it("has every section that the vectors cite", () => {
    const files = readdirSync(new URL("vectors/", ROOT)).filter((name) => name.endsWith(".json"));
    for (const file of files) {
      const cases = JSON.parse(textOf(`vectors/${file}`)) as readonly { spec: string }[];
      expect(cases.map(({ spec }) => spec).filter((spec) => !HEADINGS.has(spec))).toEqual([]);
      expect(textOf("vectors/README.md")).toContain(`\`${file}\``);
    }
  });

  it("counts its sections without gaps", () => {
    const chapters = [...HEADINGS].filter((heading) => !heading.includes(".")).map(Number);
    expect(chapters).toEqual(chapters.map((_chapter, index) => index + 1));
    for (const chapter of chapters) {
      const below = [...HEADINGS].filter((heading) => heading.startsWith(`${chapter}.`));
      expect(below).toEqual(below.map((_heading, index) => `${chapter}.${index + 1}`));
    }
  });

  it("has the values of params.ts in the tables of section 3, and no others", () => {
    const rows = tableRows(sectionText("3")).filter(([name]) => /^`[A-Z_]+`$/.test(name ?? ""));
    const stated = rows.map(([name, value]) => [bare(name), parameterOf(value)]);
    expect(Object.fromEntries(stated)).toEqual({ ...params });
  });

  it("has labels of which none is a prefix of another, and KDF labels of eight bytes", () => {
    const labels = Object.entries(params).filter(([, value]) => typeof value === "string");
    expect(labels.length).toBeGreaterThan(10);
    for (const [name, label] of labels) {
      if (name.startsWith("KDF_")) expect(label).toHaveLength(8);
      const prefixed = labels.filter(([other, text]) => {
        return other !== name && String(text).startsWith(String(label));
      });
      expect(prefixed).toEqual([]);
    }
  });

  it("has the problem codes of the HTTP contract in section 8.5", () => {
    const rows = tableRows(sectionText("8.5")).filter(([code]) => code?.startsWith("`"));
    const stated = rows.map(([code, status]) => [bare(code), Number(status)]);
    expect(Object.fromEntries(stated)).toEqual(protocol.PROBLEMS);
  });

  it("has the decode codes in section 1", () => {
    const rows = tableRows(sectionText("1")).filter(([code]) => code?.startsWith("`"));
    expect(rows.map(([code]) => bare(code)).sort()).toEqual(
      ["bad-value", "trailing-bytes", "truncated", "unsupported-version"].sort(),
    );
  });

  it.each([
    ["4.3", "card.day", protocol.CARD_BYTES],
    ["4.9", "cards.magic", protocol.CARD_FILE_HEADER_BYTES],
    ["4.10", "share.day", protocol.DAY_SHARE_BYTES],
    ["5.2", "frame.tag", protocol.PIECE_FRAME_BYTES],
    ["5.2", "frame.public_key", protocol.WHOLE_FRAME_BYTES],
    ["6.2", "sighting.version", protocol.SIGHTING_BYTES],
    ["6.4", "envelope.version", protocol.ENVELOPE_BYTES],
    ["6.5", "upload.put_id", protocol.UPLOAD_RECORD_BYTES],
    ["6.6", "stored.get_id", protocol.STORED_RECORD_BYTES],
    ["7.5", "manifest.version", 77],
    ["7.5", "manifest.page.first_id", 64],
    ["8.6", "token.version", protocol.UPLOAD_TOKEN_BYTES],
    ["8.6", "issue.version", protocol.ISSUE_REQUEST_BYTES - 32 * protocol.TOKENS_PER_ISSUE],
  ])("has a byte table without gaps in section %s for %s", (section, field, length) => {
    const table = tablesOf(sectionText(section)).find((rows) =>
      rows.some(([, , name]) => name === `\`${field}\``),
    );
    let end = 0;
    for (const [offset, size] of (table ?? []).slice(2)) {
      expect(Number(offset)).toBe(end);
      if (/^\d+$/.test(size ?? "")) end += Number(size);
    }
    expect(end).toBe(length);
  });

  it("has a worked example with the values that the code computes", async () => {
    const rows = tableRows(sectionText("11")).slice(2);
    const stated = rows.map(([name, value]) => [name, bare(value)]);
    expect(Object.fromEntries(stated)).toEqual(Object.fromEntries(await workedExample()));
  });
});

describe("packages/protocol", () => {
  it("documents every symbol it exports", () => {
    const undocumented = SOURCES.filter((file) => file.startsWith("packages/protocol/")).flatMap(
      (file) => {
        const lines = textOf(file).split("\n");
        return lines
          .map((line, index) => ({ line, above: lines[index - 1] ?? "" }))
          .filter(({ line }) => /^export (?!\*|\{|type \{)/.test(line))
          .filter(({ above }) => !above.endsWith("*/"))
          .map(({ line }) => `${file}: ${line}`);
      },
    );
    expect(undocumented).toEqual([]);
  });
});

function textOf(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

/** Numbers after "docs/protocol.md section": one, or several joined by commas and "and". */
function sectionsIn(text: string): string[] {
  const citations = text.matchAll(
    /protocol\.md sections?((?:(?:,| and|,\s+and)?\s+\d+(?:\.\d+)*)+)/g,
  );
  return [...citations].flatMap(([, numbers]) => numbers?.match(/\d+(?:\.\d+)*/g) ?? []);
}

/** The text of a section with all that is below it. */
function sectionText(number: string): string {
  const level = number.includes(".") ? "###" : "##";
  const start = SPEC.indexOf(`\n${level} ${number} `);
  expect(start).toBeGreaterThan(0);
  const next = SPEC.slice(start + 1).search(number.includes(".") ? /\n#{2,3} / : /\n## /);
  return next === -1 ? SPEC.slice(start) : SPEC.slice(start, start + 1 + next);
}

function tablesOf(text: string): string[][][] {
  return text
    .split("\n\n")
    .map((block) => block.trim().split("\n"))
    .filter((lines) => lines[0]?.startsWith("| "))
    .map((lines) => lines.map(cellsOf));
}

function tableRows(text: string): string[][] {
  return tablesOf(text).flat();
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function bare(cell: string | undefined): string {
  return (cell ?? "").replaceAll("`", "");
}

function parameterOf(cell: string | undefined): number | string {
  const text = cell ?? "";
  return text.startsWith("`") ? bare(text) : Number(text.replaceAll(",", ""));
}
