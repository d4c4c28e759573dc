import { runSteps, systemClock } from "@glowworm/platform";
import type { Stepper } from "@glowworm/protocol";

/**
 * Takes a role's steps until the signal, and stops it in any case. When it ends by an error, that one is what the person
 * must read: what fails then while stopping, such as a radio that is gone, is its consequence.
 */
export async function runUntilStopped(
  steps: Stepper,
  stop: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await runSteps(steps, systemClock, signal);
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  await stop();
}
