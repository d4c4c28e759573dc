import type { RequestListener } from "node:http";
import type { Socket } from "node:net";

/** Two, because the end of one answer and the next request may cross. */
const UNANSWERED_MAX = 2;

/**
 * Ends a connection that sends requests without waiting for answers. Node begins with every request of a packet at
 * once and keeps all answers in memory until somebody reads them: a thousand segments for 50 kB of requests. Neither
 * owners nor proxies pipeline.
 */
export function withoutPipelining(listener: RequestListener): RequestListener {
  const unanswered = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    const waiting = unanswered.get(socket) ?? 0;
    if (waiting >= UNANSWERED_MAX) {
      socket.destroy();
      return;
    }
    unanswered.set(socket, waiting + 1);
    response.once("close", () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    listener(request, response);
  };
}
