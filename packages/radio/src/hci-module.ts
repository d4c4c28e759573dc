import Module from "node:module";
import { Failure, isErrno } from "@glowworm/platform";
import type { HciSocket } from "./hci-socket.ts";

const NATIVE_MODULE = "@abandonware/bluetooth-hci-socket";

type Loader = (request: string, ...rest: unknown[]) => unknown;

/** The one function of the module loader through which `require` and `import` of CommonJS both go. */
const loader = Module as unknown as { _load: Loader };

let current: HciSocket | null = null;

/** Stands in for the class of the native module; noble and bleno keep it for as long as they are loaded. */
function StandIn(): HciSocket {
  if (current === null) throw new Error("HCI socket made outside of loadDriver");
  return current;
}

/**
 * Runs `load`, which requires noble or bleno and makes an instance, so that every HCI socket made meanwhile is `socket`.
 * Needs no native module, built or installed.
 * @throws {Failure} noBluetooth when the driver itself is not installed.
 */
export function loadDriver<Driver>(socket: HciSocket, load: () => Driver): Driver {
  const original = loader._load;
  loader._load = (request, ...rest) =>
    request === NATIVE_MODULE ? StandIn : original.call(Module, request, ...rest);
  current = socket;
  try {
    return load();
  } catch (cause) {
    if (!isErrno(cause, "MODULE_NOT_FOUND")) throw cause;
    throw new Failure(
      "noBluetooth",
      "the Bluetooth drivers are not installed",
      "npm ci --include=optional",
      { cause },
    );
  } finally {
    current = null;
    loader._load = original;
  }
}

/**
 * Runs `init`, in which noble or bleno hooks itself into the process. Its SIGINT handler is removed at once: it would end
 * the process before ours has stopped the radio. Its exit handler, which switches the radio off after a crash, stays
 * until the returned function is called.
 */
export function withoutSignalHooks(init: () => void): () => void {
  const onSignal = process.listeners("SIGINT");
  const onExit = process.listeners("exit");
  init();
  for (const listener of process.listeners("SIGINT")) {
    if (!onSignal.includes(listener)) process.removeListener("SIGINT", listener);
  }
  const added = process.listeners("exit").filter((listener) => !onExit.includes(listener));
  return () => {
    for (const listener of added) process.removeListener("exit", listener);
  };
}
