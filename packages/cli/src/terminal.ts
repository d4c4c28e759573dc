import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { Failure } from "@glowworm/platform";

/** The person at the keyboard, if there is one. Prompts go to standard error. */
export interface Terminal {
  /** Whether somebody can be asked. */
  readonly isInteractive: boolean;
  /** One line, not shown while it is typed. @throws {Failure} interrupted */
  readHidden(prompt: string): Promise<string>;
  /** Lines up to an empty one, shown while they are typed or pasted. @throws {Failure} interrupted */
  readLines(prompt: string): Promise<string>;
  /** Everything that is piped in. */
  readAll(): Promise<string>;
}

const silent: Writable = new Writable({ write: (_chunk, _encoding, done) => done() });

export const systemTerminal: Terminal = {
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  readHidden: async (prompt) => {
    const asked = ask(silent, "", () => true);
    process.stderr.write(prompt);
    const line = await asked;
    process.stderr.write("\n");
    return line;
  },
  readLines: (prompt) => ask(process.stderr, prompt, (line) => line.trim() === ""),
  readAll: () => text(process.stdin),
};

/** One interface for all lines: what is pasted at once is lost with the one that received it. */
function ask(output: Writable, prompt: string, isLast: (line: string) => boolean): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, prompt, terminal: true });
  const typed: string[] = [];
  return new Promise((resolve, reject) => {
    lines.on("close", () => {
      reject(new Failure("interrupted", "stopped at the prompt", "run it again"));
    });
    lines.on("line", (line) => {
      typed.push(line);
      if (!isLast(line)) return;
      resolve(typed.join("\n"));
      lines.close();
    });
    lines.prompt();
  });
}
