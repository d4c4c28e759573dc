import { createInterface } from "node:readline";
import { addAbortSignal, type Readable, Writable } from "node:stream";
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
  /** Everything that is piped in. @throws {Failure} interrupted */
  readAll(): Promise<string>;
}

/** Where a terminal reads and writes. */
export interface TerminalStreams {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
}

const silent: Writable = new Writable({ write: (_chunk, _encoding, done) => done() });

/** The terminal of these streams; the signal ends what waits at a prompt. */
export function openTerminal({ input, output }: TerminalStreams, signal: AbortSignal): Terminal {
  const ask = (shownOn: Writable, prompt: string, isLast: (line: string) => boolean) =>
    readTyped({ input, output: shownOn, prompt, signal }, isLast);
  return {
    isInteractive: input.isTTY === true && output.isTTY === true,
    readHidden: async (prompt) => {
      const asked = ask(silent, "", () => true);
      output.write(prompt);
      try {
        return await asked;
      } finally {
        output.write("\n");
      }
    },
    readLines: (prompt) => ask(output, prompt, (line) => line.trim() === ""),
    readAll: async () => {
      try {
        return await text(addAbortSignal(signal, input));
      } catch (error) {
        throw signal.aborted ? interrupted(error) : error;
      }
    },
  };
}

/** The terminal that the program was started from. */
export function systemTerminal(signal: AbortSignal): Terminal {
  return openTerminal({ input: process.stdin, output: process.stderr }, signal);
}

interface Question extends TerminalStreams {
  readonly prompt: string;
  readonly signal: AbortSignal;
}

/** One interface for all lines: what is pasted at once is lost with the one that received it. */
function readTyped(question: Question, isLast: (line: string) => boolean): Promise<string> {
  const lines = createInterface({ ...question, terminal: true });
  const typed: string[] = [];
  return new Promise((resolve, reject) => {
    lines.on("close", () => reject(interrupted()));
    lines.on("line", (line) => {
      typed.push(line);
      if (!isLast(line)) return;
      resolve(typed.join("\n"));
      lines.close();
    });
    lines.prompt();
  });
}

function interrupted(cause?: unknown): Failure {
  return new Failure("interrupted", "stopped at the prompt", "run it again", { cause });
}
