/** Stops this thread, with everything in it, for some milliseconds. For threads that do one thing after the other. */
export function stopThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
