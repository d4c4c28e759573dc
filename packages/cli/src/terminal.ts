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
  /** One line. @throws {Failure} interrupted */
  readLine(prompt: string): Promise<string>;
  /** Everything that is piped in. */
  readAll(): Promise<string>;
}

const silent: Writable = new Writable({ write: (_chunk, _encoding, done) => done() });

export const systemTerminal: Terminal = {
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  readHidden: async (prompt) => {
    process.stderr.write(prompt);
    const line = await ask(silent, "");
    process.stderr.write("\n");
    return line;
  },
  readLine: (prompt) => ask(process.stderr, prompt),
  readAll: () => text(process.stdin),
};

function ask(output: Writable, prompt: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  return new Promise((resolve, reject) => {
    lines.on("close", () => {
      reject(new Failure("interrupted", "stopped at the prompt", "run it again"));
    });
    lines.question(prompt, (line) => {
      resolve(line);
      lines.close();
    });
  });
}
