import { createServer } from "node:http";
import { expect, it } from "vitest";
import { listen } from "../src/http/listen.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

it("tells of a connection that could not be taken, as often as that happens, and goes on listening", async () => {
  const http = createServer((_, response) => response.end("here"));
  const told: string[] = [];
  const url = await listen(http, LOOPBACK, "--listen", (kind, error) =>
    told.push(`${kind}: ${error}`),
  );
  // As Node does when accept() fails, for example with too many open files.
  for (const code of ["EMFILE", "ENOBUFS"]) http.emit("error", new Error(code));
  expect(told).toEqual([
    "a connection could not be taken: Error: EMFILE",
    "a connection could not be taken: Error: ENOBUFS",
  ]);
  expect(await (await fetch(url)).text()).toBe("here");
  http.closeAllConnections();
  http.close();
});

it("says which setting to change when the port is taken", async () => {
  const first = createServer();
  const url = await listen(first, LOOPBACK, "--listen", () => undefined);
  const second = listen(
    createServer(),
    { ...LOOPBACK, port: Number(new URL(url).port) },
    "--listen 127.0.0.1:8787",
    () => undefined,
  );
  await expect(second).rejects.toMatchObject({
    exit: "failure",
    message: expect.stringContaining("EADDRINUSE"),
    remedy: expect.stringContaining("--listen 127.0.0.1:8787"),
  });
  first.close();
});
