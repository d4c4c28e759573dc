// Adds reports to the outbox in argv[2] for ever, and prints the number of each one once `add` has returned.
import { writeSync } from "node:fs";
import { systemRandom } from "@glowworm/platform";
import { openOutbox } from "@glowworm/relay";

const { outbox } = openOutbox(process.argv[2], systemRandom);
const heardAt = Number(process.argv[3]);
for (let n = 0; ; n++) {
  const putId = new Uint8Array(32);
  new DataView(putId.buffer).setUint32(0, n);
  outbox.add([{ record: { putId, envelope: new Uint8Array(113) }, notBefore: heardAt, heardAt }]);
  writeSync(1, `${n}\n`);
}
