import { Failure } from "@glowworm/platform";
import type { Clock } from "@glowworm/protocol";
import { parseAdapter } from "./adapter.ts";
import type { AnsweredCommand } from "./command-queue.ts";
import { H4Transport } from "./h4-transport.ts";
import { commandName, hciCommand, OPCODE, opcodeOf, STATUS } from "./hci.ts";
import { HciSocket } from "./hci-socket.ts";
import { NativeTransport } from "./native-transport.ts";
import { hasAdapter, probeAdapter, THIS_MACHINE } from "./probe.ts";
import type { HciTransport } from "./transport.ts";

/** Which controller: `hciN`, `h4:PATH`, or one that is handed in (a controller in this process). */
export type Adapter = string | (() => HciTransport);

/** A controller that answers, with what it can do. */
export interface Controller {
  readonly socket: HciSocket;
  /** Whether it hears extended advertising (Bluetooth 5). */
  readonly hasExtendedScan: boolean;
}

/** Bluetooth 4.0, the first version with Low Energy. Assigned Numbers, 2.1. */
const FIRST_LE_VERSION = 0x06;
/** Where Read Supported Commands says that LE Set Extended Scan Parameters and Enable are known. */
const EXTENDED_SCAN = { octet: 37, bits: 0x60 } as const;

/** Takes a controller, resets it, and learns what it can do. @throws {Failure} */
export async function openController(adapter: Adapter, clock: Clock): Promise<Controller> {
  const socket = new HciSocket(transportOf(adapter), clock);
  try {
    await socket.open();
    return { socket, hasExtendedScan: await greet(socket) };
  } catch (error) {
    socket.close();
    throw error;
  }
}

/**
 * Runs `write`, which writes commands, and settles when the controller has accepted all of them. Switching off what is
 * off already counts as accepted: some controllers refuse it.
 * @throws {Failure} naming the command that was refused or not answered, and the status.
 */
export async function accepted(socket: HciSocket, write: () => void): Promise<void> {
  for (const answer of await socket.exchange(write)) {
    if (!isAccepted(answer)) throw refusal(socket, answer);
  }
}

/** @throws {Failure} unless the state that noble or bleno is in after its start is `poweredOn`. */
export function assertPoweredOn(state: string): void {
  if (state === "poweredOn") return;
  throw new Failure(
    "noBluetooth",
    `the Bluetooth adapter did not come up: it is ${state}`,
    "unplug it and plug it in again, or use another one",
  );
}

function transportOf(adapter: Adapter): HciTransport {
  if (typeof adapter !== "string") return adapter();
  const spec = parseAdapter(adapter);
  probeAdapter(spec);
  if (spec.kind === "h4") return new H4Transport(spec.path);
  const { index } = spec;
  return new NativeTransport(index, THIS_MACHINE.loadNative(), () => hasAdapter(index));
}

async function greet(socket: HciSocket): Promise<boolean> {
  await accepted(socket, () => socket.write(hciCommand(OPCODE.reset)));
  const answers = await socket.exchange(() => {
    socket.write(hciCommand(OPCODE.readLocalVersion));
    socket.write(hciCommand(OPCODE.readSupportedCommands));
  });
  const silence = answers.find((answer) => answer.status === null);
  if (silence !== undefined) throw refusal(socket, silence);
  const [version, commands] = answers;
  if ((version?.parameters[0] ?? 0) < FIRST_LE_VERSION) {
    throw new Failure(
      "noBluetooth",
      "the Bluetooth adapter is too old: it does not know Low Energy",
      "use an adapter of Bluetooth 4.0 or later",
    );
  }
  const octet = commands?.parameters[EXTENDED_SCAN.octet] ?? 0;
  return commands?.status === STATUS.success && (octet & EXTENDED_SCAN.bits) === EXTENDED_SCAN.bits;
}

const SWITCHES: ReadonlySet<number> = new Set([
  OPCODE.leSetAdvertiseEnable,
  OPCODE.leSetScanEnable,
  OPCODE.leSetExtendedScanEnable,
]);

function isAccepted({ packet, status }: AnsweredCommand): boolean {
  const isSwitchingOff = SWITCHES.has(opcodeOf(packet)) && packet[4] === 0;
  return status === STATUS.success || (isSwitchingOff && status === STATUS.disallowed);
}

function refusal(socket: HciSocket, { packet, status }: AnsweredCommand): Failure {
  const name = commandName(opcodeOf(packet));
  const what = status === null ? "did not answer" : "refused";
  const code = status === null ? "" : ` (status 0x${status.toString(16).padStart(2, "0")})`;
  return (
    socket.lost ??
    new Failure(
      "noBluetooth",
      `the Bluetooth adapter ${what} ${name}${code}`,
      "end what else uses the adapter and switch it off (sudo hciconfig hci0 down): Glowworm then has it alone",
    )
  );
}
