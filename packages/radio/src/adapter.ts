import { Failure } from "@glowworm/platform";

/** Which controller a person named. */
export type AdapterSpec =
  | { readonly kind: "hci"; readonly index: number }
  | { readonly kind: "h4"; readonly path: string };

/** The kernel numbers adapters with 16 bits and keeps the last number for "none". */
const HCI_INDEX_MAX = 65_534;

/** Reads `hciN` or `h4:PATH`. @throws {Failure} usage */
export function parseAdapter(text: string): AdapterSpec {
  const index = /^hci(0|[1-9]\d{0,4})$/.exec(text)?.[1];
  if (index !== undefined && Number(index) <= HCI_INDEX_MAX) {
    return { kind: "hci", index: Number(index) };
  }
  const path = /^h4:(.+)$/s.exec(text)?.[1];
  if (path !== undefined && !path.includes("\0")) return { kind: "h4", path };
  throw new Failure(
    "usage",
    `--adapter: expected hciN or h4:PATH, got "${text}"`,
    "for example --adapter hci0 (ls /sys/class/bluetooth lists them)",
  );
}
