import { connect, type Socket } from "node:net";

/** What an answer was: enough to count it. */
export interface Answer {
  readonly status: number;
  readonly bodyBytes: number;
}

const HEADERS_END = Buffer.from("\r\n\r\n");

/**
 * One keep-alive connection that sends a request and waits for its answer. Written on a bare socket because Node's own
 * client costs as much as the server under test, and both share the machine. Knows answers with a content-length only.
 */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(url: URL) {
    this.#host = url.hostname;
    this.#port = Number(url.port);
  }

  /** @param message a whole request. @throws when the connection ends before the answer does. */
  send(message: Uint8Array): Promise<Answer> {
    const socket = this.#open();
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0);
      const settle = (error: Error | null, answer: Answer): void => {
        socket.removeAllListeners("data");
        socket.removeAllListeners("close");
        if (error === null) resolve(answer);
        else reject(error);
      };
      const none = { status: 0, bodyBytes: 0 };
      socket.on("close", () => settle(new Error("the server ended the connection"), none));
      const reader = new AnswerReader((answer, isLast) => {
        if (isLast) this.#close();
        settle(null, answer);
      });
      socket.on("data", (chunk) => {
        received = reader.isInBody ? chunk : Buffer.concat([received, chunk]);
        reader.take(received);
      });
      socket.write(message);
    });
  }

  close(): void {
    this.#close();
  }

  #open(): Socket {
    if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket;
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    // An idle connection may be ended by the server; the next request opens another.
    socket.on("error", () => socket.destroy());
    this.#socket = socket;
    return socket;
  }

  #close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}

/** Finds the end of one answer. */
class AnswerReader {
  readonly #onAnswer: (answer: Answer, isLast: boolean) => void;
  #answer: Answer = { status: 0, bodyBytes: 0 };
  #isLast = false;
  #missing = 0;
  isInBody = false;

  constructor(onAnswer: (answer: Answer, isLast: boolean) => void) {
    this.#onAnswer = onAnswer;
  }

  take(bytes: Buffer): void {
    if (this.isInBody) this.#missing -= bytes.length;
    else this.#readHead(bytes);
    if (this.isInBody && this.#missing <= 0) this.#onAnswer(this.#answer, this.#isLast);
  }

  #readHead(bytes: Buffer): void {
    const end = bytes.indexOf(HEADERS_END);
    if (end === -1) return;
    const head = bytes.toString("latin1", 0, end).toLowerCase();
    const bodyBytes = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1]);
    if (Number.isNaN(bodyBytes)) throw new Error(`an answer without length: ${head}`);
    this.#answer = { status: Number(head.slice(9, 12)), bodyBytes };
    this.#isLast = head.includes("\r\nconnection: close");
    this.#missing = bodyBytes - (bytes.length - end - HEADERS_END.length);
    this.isInBody = true;
  }
}
