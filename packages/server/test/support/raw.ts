import { connect, type Socket } from "node:net";

/** A raw connection, and how it ends. */
export interface Raw {
  readonly socket: Socket;
  /** Everything it was sent, once it has ended. */
  readonly answer: Promise<string>;
}

/** Connects from an address on loopback and listens until the connection ends, however it ends. */
export function raw(port: number, from = "127.0.0.1"): Raw {
  const socket = connect({ port, host: "127.0.0.1", localAddress: from });
  const answer = new Promise<string>((resolve) => {
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => {
      text += part;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
  return { socket, answer };
}

/** Connections that are up, of so many that are tried. */
export async function manyRaw(
  count: number,
  port: number,
  fromOf: (index: number) => string = () => "127.0.0.1",
): Promise<readonly Raw[]> {
  const all: Raw[] = [];
  // In crowds that a listening socket's queue holds.
  for (let at = 0; at < count; at += 200) {
    const crowd = Array.from({ length: Math.min(200, count - at) }, (_, n) =>
      raw(port, fromOf(at + n)),
    );
    await Promise.all(
      crowd.map(({ socket, answer }) => {
        return Promise.race([new Promise((resolve) => socket.once("connect", resolve)), answer]);
      }),
    );
    all.push(...crowd);
  }
  return all;
}

/** Status and problem code of the first answer in what a connection was sent; 0 when there is none. */
export function answerOf(text: string): readonly [number, string] {
  const status = Number(
    /^HTTP\/1\.1 (\d{3}) /.exec(text.replace(/^HTTP\/1\.1 100 .*?\r\n\r\n/s, ""))?.[1] ?? 0,
  );
  return [status, /"code":"([a-z-]+)"/.exec(text)?.[1] ?? ""];
}
