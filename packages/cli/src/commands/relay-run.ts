import {
  assumeSynchronised,
  type ExitName,
  type Fetch,
  systemClock,
  systemClockTrust,
  systemRandom,
  withNamedPath,
} from "@glowworm/platform";
import { type CryptoSuite, loadCrypto, type RandomSource, type Stepper } from "@glowworm/protocol";
import type { Scanner } from "@glowworm/radio";
import {
  createNobleScanner,
  FixedPosition,
  GpsdPosition,
  loadRelaySecret,
  type Outbox,
  openOutbox,
  openTokenWallet,
  type PositionSource,
  Relay,
  ServerClient,
  type ServerClientOptions,
  StatusTalk,
  Uploader,
  type UploaderOptions,
  UploadTokens,
} from "@glowworm/relay";
import type { Command, Invocation } from "../command.ts";
import { readInviteFile } from "../invite-file.ts";
import { assertNoWords } from "../positionals.ts";
import { runUntilStopped } from "../run-until-stopped.ts";
import { type PositionChoice, type RelayRunOptions, relayRunOptions } from "./relay-options.ts";

const HELP = `usage: glowworm relay run --server URL (--at LAT,LON | --gpsd HOST:PORT) [OPTIONS]

Listens for lost accessories, seals where this relay is so that only their owners can read it, and brings that to
the server, until it is stopped. Transmits nothing over Bluetooth.

  --server URL            server to bring reports to, http or https
  --at LAT,LON            where this relay stands, in degrees (--at=-33.8688,151.2093 when it begins with a minus)
  --accuracy METRES       how well that is known (default 20; only with --at)
  --gpsd HOST:PORT        take the position from gpsd, usually 127.0.0.1:2947
  --precision exact|250m|1km
                          tell owners the exact place, or only the cell of a fixed grid (default exact)
  --max-delay SECONDS     each report waits a random time up to this before it is uploaded (default 10, 0 to 600);
                          the longer, the less the server learns about when something passed this relay
  --adapter hciN|h4:PATH  Bluetooth adapter, or a controller behind a socket (default hci0)
  --state DIR             where the outbox is kept (default $STATE_DIRECTORY/relay, or
                          ~/.local/state/glowworm/relay)
  --invite-file FILE      invite to a server that takes reports from invited relays only (default
                          $GLOWWORM_INVITE_FILE); readable by you alone. Its upload tokens do not tell the server
                          which relay spends them; reports are gathered for up to 150 s to make them last
  --assume-synchronised   something other than systemd keeps this clock right

examples:
  glowworm relay run --server https://glowworm.example.org --at 52.2297,21.0122
  glowworm relay run --server https://glowworm.example.org --gpsd 127.0.0.1:2947 --precision 250m`;

/** `glowworm relay run`: makes this computer one that finds others. */
export const relayRunCommand: Command = {
  name: "relay run",
  summary: "listen for lost accessories and report them, sealed to their owners",
  help: HELP,
  options: {
    server: { type: "string" },
    at: { type: "string" },
    accuracy: { type: "string" },
    gpsd: { type: "string" },
    precision: { type: "string" },
    "max-delay": { type: "string" },
    adapter: { type: "string" },
    state: { type: "string" },
    "invite-file": { type: "string" },
    "assume-synchronised": { type: "boolean" },
  },
  run,
};

async function run(invocation: Invocation): Promise<ExitName> {
  const { values, positionals, env, say } = invocation;
  assertNoWords(positionals, "relay run");
  const options = relayRunOptions(values, env);
  const { outbox, setAside } = withNamedPath("--state", () =>
    openOutbox(options.folder, systemRandom),
  );
  try {
    if (setAside !== null)
      say(`the outbox was damaged: it is now ${setAside}, and a new one begun`);
    await runWithPosition(
      invocation,
      options,
      outbox,
      createNobleScanner({ adapter: options.adapter, clock: systemClock, random: systemRandom }),
    );
  } finally {
    outbox.close();
  }
  return "ok";
}

async function runWithPosition(
  invocation: Invocation,
  options: RelayRunOptions,
  outbox: Outbox,
  scanner: Scanner,
): Promise<void> {
  const { position, stop } = startPosition(options.position);
  try {
    const relay = await createRelay(options, outbox, scanner, position, invocation.signal);
    await relay.start();
    invocation.say(`listening on ${options.adapter}, position from ${position.describe()}`);
    // An upload that was given up for the end of the command says nothing about the server.
    const say = (line: string): void => {
      if (!invocation.signal.aborted) invocation.say(line);
    };
    await runUntilStopped(talking(relay, position, say), () => relay.stop(), invocation.signal);
  } finally {
    await stop();
  }
}

async function createRelay(
  options: RelayRunOptions,
  outbox: Outbox,
  scanner: Scanner,
  position: PositionSource,
  signal: AbortSignal,
): Promise<Relay> {
  const world = { clock: systemClock, random: systemRandom };
  const { server, folder, precision, maxDelayMs } = options;
  const crypto = await loadCrypto();
  const net = { ...world, fetch: fetchUntil(signal), server };
  return new Relay({
    ...world,
    crypto,
    trust: options.isClockAssumed ? assumeSynchronised(systemClockTrust) : systemClockTrust,
    scanner,
    position,
    outbox,
    uploader: new Uploader({ ...net, outbox, ...invitation(options, crypto, net) }),
    precision,
    relaySecret: loadRelaySecret(folder, systemRandom),
    maxDelayMs,
  });
}

function invitation(
  { inviteFile, folder }: RelayRunOptions,
  crypto: CryptoSuite,
  net: ServerClientOptions & { readonly random: RandomSource },
): Pick<UploaderOptions, "tokens"> {
  if (inviteFile === null) return {};
  const invite = readInviteFile(crypto, inviteFile);
  const wallet = openTokenWallet(folder, net.server, net.random);
  return { tokens: new UploadTokens({ ...net, invite, wallet, client: new ServerClient(net) }) };
}

/** A request on its way is given up when the command is to end: its reports stay in the outbox. */
function fetchUntil(signal: AbortSignal): Fetch {
  return (url, init) => {
    const signals = init.signal ? [init.signal, signal] : [signal];
    return fetch(url, { ...init, signal: AbortSignal.any(signals) });
  };
}

function startPosition(choice: PositionChoice): {
  readonly position: PositionSource;
  readonly stop: () => Promise<void>;
} {
  if (choice.type === "fixed") {
    return { position: new FixedPosition(choice), stop: () => Promise.resolve() };
  }
  const gpsd = new GpsdPosition({ ...choice, clock: systemClock });
  gpsd.start();
  return { position: gpsd, stop: () => gpsd.stop() };
}

function talking(relay: Relay, position: PositionSource, say: (line: string) => void): Stepper {
  const talk = new StatusTalk(systemClock.monotonicMs());
  return {
    step: async () => {
      const waitMs = await relay.step();
      const nowMs = systemClock.monotonicMs();
      for (const line of talk.lines(relay.status(), position.describe(), nowMs)) say(line);
      return waitMs;
    },
  };
}
