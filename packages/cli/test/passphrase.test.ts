import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { askPassphrase, choosePassphrase } from "../src/passphrase.ts";
import type { Terminal } from "../src/terminal.ts";

/** Somebody who types these lines, and nothing else. */
function typing(...lines: string[]): Terminal {
  const next = (): Promise<string> => Promise.resolve(lines.shift() ?? "");
  return { isInteractive: true, readHidden: next, readLines: next, readAll: next };
}

const nobody: Terminal = { ...typing(), isInteractive: false };
const usage = { exit: "usage" };

function fileWith(text: string): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-passphrase-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "passphrase"), text);
  return { GLOWWORM_PASSPHRASE_FILE: join(folder, "passphrase") };
}

describe("passphrase", () => {
  it("is typed twice when it is chosen, once when it is asked for", async () => {
    expect(await choosePassphrase({}, typing("correct horse", "correct horse"))).toBe(
      "correct horse",
    );
    expect(await askPassphrase({}, typing("correct horse"))).toBe("correct horse");
  });

  it("is refused when the two differ, or when it is empty", async () => {
    await expect(choosePassphrase({}, typing("a", "b"))).rejects.toMatchObject(usage);
    await expect(choosePassphrase({}, typing("", ""))).rejects.toMatchObject(usage);
  });

  it.each(["two words", "two words\n", "two words\r\n"])(
    "is read from a file with %j",
    async (text) => {
      expect(await choosePassphrase(fileWith(text), nobody)).toBe("two words");
      expect(await askPassphrase(fileWith(text), nobody)).toBe("two words");
    },
  );

  it("is refused from a file that is empty or not there", async () => {
    await expect(askPassphrase(fileWith("\n"), nobody)).rejects.toMatchObject(usage);
    const missing = { GLOWWORM_PASSPHRASE_FILE: "/nonexistent/passphrase" };
    await expect(askPassphrase(missing, nobody)).rejects.toMatchObject(usage);
  });

  it("is not waited for when there is nobody to ask", async () => {
    await expect(askPassphrase({}, nobody)).rejects.toMatchObject(usage);
    await expect(choosePassphrase({}, nobody)).rejects.toMatchObject(usage);
  });
});
