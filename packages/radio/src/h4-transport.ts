import { constants, openSync, statSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { ReadStream } from "node:tty";
import { Failure, messageOf } from "@glowworm/platform";
import { H4Framing } from "./h4-framing.ts";
import type { HciSink, HciTransport } from "./transport.ts";

/**
 * A controller behind a byte stream: a Unix socket (`btvirt`, an emulator) or a serial device whose speed is already set.
 */
export class H4Transport implements HciTransport {
  readonly #path: string;
  #stream: Socket | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  open(sink: HciSink): Promise<void> {
    return new Promise((resolve, reject) => {
      try {
        this.#stream = this.#connect(sink, resolve, reject);
      } catch (error) {
        reject(this.#failure(error));
      }
    });
  }

  write(packet: Uint8Array): void {
    this.#stream?.write(packet);
  }

  isUp(): boolean {
    return this.#stream !== null;
  }

  close(): void {
    // Never half-closed: btvirt would read the end of the stream over and over.
    this.#stream?.destroy();
    this.#stream = null;
  }

  #connect(sink: HciSink, resolve: () => void, reject: (reason: Failure) => void): Socket {
    const isSocket = statSync(this.#path).isSocket();
    const stream = isSocket ? createConnection({ path: this.#path }) : openSerial(this.#path);
    const framing = new H4Framing();
    const lose = (error: unknown): void => {
      this.#stream = null;
      const failure = this.#failure(error);
      reject(failure);
      sink.onLost(failure);
    };
    stream.on("data", (chunk: Buffer) => {
      const events = framing.push(chunk);
      for (const event of events ?? []) sink.onPacket(event);
      if (events === null) stream.destroy(new Error("what it sends is not H4"));
    });
    stream.once("error", lose);
    stream.once("close", () => lose(new Error("closed by the controller")));
    if (isSocket) stream.once("connect", resolve);
    else resolve();
    return stream;
  }

  #failure(cause: unknown): Failure {
    const reason = messageOf(cause);
    const isForbidden = /\b(EACCES|EPERM)\b/.test(reason);
    return new Failure(
      isForbidden ? "noPermission" : "noBluetooth",
      `--adapter h4:${this.#path}: ${reason}`,
      isForbidden
        ? `give yourself read and write access to it: ls -l ${this.#path}`
        : "start the controller behind it, then start this command again",
      { cause },
    );
  }
}

function openSerial(path: string): Socket {
  const stream = new ReadStream(openSync(path, constants.O_RDWR | constants.O_NOCTTY));
  stream.setRawMode(true);
  return stream;
}
