import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effort } from "../../../test/support/effort.ts";
import { H4Framing } from "../src/h4-framing.ts";

const event = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 255 }))
  .map(([code, body]) => Uint8Array.of(4, code, body.length, ...body));
/** ACL data: handle, length in two bytes. */
const acl = fc
  .uint8Array({ maxLength: 700 })
  .map((body) => Uint8Array.of(2, 1, 0, body.length & 0xff, body.length >> 8, ...body));
const sco = fc.uint8Array({ maxLength: 255 }).map((b) => Uint8Array.of(3, 1, 0, b.length, ...b));
/** ISO data: the two top bits of the length are reserved. */
const iso = fc
  .uint8Array({ maxLength: 700 })
  .map((body) => Uint8Array.of(5, 1, 0, body.length & 0xff, (body.length >> 8) | 0xc0, ...body));

describe("H4 framing", () => {
  it("gives the same events however the stream is chopped, and skips everything else", () => {
    const packets = fc.array(fc.oneof(event, acl, sco, iso), { maxLength: 8 });
    const chunks = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(packets, chunks, (sent, sizes) => {
        const stream = sent.flatMap((packet) => [...packet]);
        const framing = new H4Framing();
        const got: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          got.push(...(framing.push(Uint8Array.from(stream.slice(at, at + size))) ?? []));
          at += size;
        }
        const events = sent.filter((packet) => packet[0] === 4);
        expect(got.map((one) => [...one])).toEqual(events.map((one) => [...one]));
      }),
      effort(300, 2),
    );
  });

  it("gives up at a byte that is no packet type", () => {
    expect(new H4Framing().push(Uint8Array.of(4, 0x0e, 0, 0x09))).toBeNull();
    expect(new H4Framing().push(Uint8Array.of(1, 3, 0x0c, 0))).toBeNull();
  });

  it("hands out copies", () => {
    const framing = new H4Framing();
    const [first] = framing.push(Uint8Array.of(4, 1, 1, 7)) ?? [];
    framing.push(Uint8Array.of(4, 2, 1, 9));
    expect([...(first ?? [])]).toEqual([4, 1, 1, 7]);
  });
});
