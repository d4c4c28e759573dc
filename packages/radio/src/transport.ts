import type { Failure } from "@glowworm/platform";

/** A way to a Bluetooth controller: whole HCI packets, type byte first, in both directions. */
export interface HciTransport {
  /** Takes the controller; settles when packets can be written. @throws {Failure} */
  open(sink: HciSink): Promise<void>;
  /** Sends one packet. Ignored once the controller is gone. */
  write(packet: Uint8Array): void;
  /** Whether the controller is there and switched on. */
  isUp(): boolean;
  /** Lets go of the controller. */
  close(): void;
}

/** Who listens to a controller. */
export interface HciSink {
  onPacket(packet: Uint8Array): void;
  /** The controller is gone; nothing follows. */
  onLost(reason: Failure): void;
}
