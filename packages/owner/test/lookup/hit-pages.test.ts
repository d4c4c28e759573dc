import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadCrypto, PAGE_BYTES } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { describe, expect, it } from "vitest";
import { CacheTrouble } from "../../src/cache-trouble.ts";
import { HitPages } from "../../src/lookup/hit-pages.ts";
import { temporaryFolder } from "../support/folders.ts";

const crypto = await loadCrypto();
const BLOCK_BYTES = 12 + 4 + 32 + PAGE_BYTES + 16;

describe("kept pages", () => {
  const random = seededRandom("kept pages");
  const page = random.bytes(PAGE_BYTES);
  const hash = random.bytes(32);
  const trouble = new CacheTrouble();
  function keep(path: string, firstHour = 0, deviceKey = new Uint8Array(32)): HitPages {
    const window = { first: firstHour, last: firstHour + 1465 };
    return new HitPages({ crypto, random, trouble, deviceKey, path }, window);
  }

  function keepFew(path: string): HitPages {
    const deps = { crypto, random, trouble, deviceKey: new Uint8Array(32), path };
    return new HitPages(deps, { first: 0, last: 1000 }, 8);
  }

  it("are there again for the same device, and for no other", () => {
    const path = join(temporaryFolder(), "1.pages");
    keep(path).add(5, hash, page);
    const again = keep(path);
    expect(again.has(hash)).toBe(true);
    expect([...again.records()]).toEqual([page]);
    expect(keep(path, 0, new Uint8Array(32).fill(1)).has(hash)).toBe(false);
  });

  it("go two months before the newest, and leave no bytes behind", () => {
    const path = join(temporaryFolder(), "1.pages");
    const pages = keep(path);
    pages.add(5, hash, page);
    pages.add(1446, random.bytes(32), page);
    expect(keep(path, 2000).has(hash)).toBe(false);
    expect(readFileSync(path).length).toBeLessThan(2 * PAGE_BYTES);
  });

  it("stay when the clock is ahead, whatever hours of the future there are", () => {
    const path = join(temporaryFolder(), "1.pages");
    const pages = keep(path);
    pages.add(5, hash, page);
    pages.add(4_000_000_000, random.bytes(32), page);
    expect(keep(path, 2000).has(hash)).toBe(true);
    expect(readFileSync(path).length).toBeGreaterThan(2 * PAGE_BYTES);
  });

  it("survive a torn end, which is cut off", () => {
    const path = join(temporaryFolder(), "1.pages");
    keep(path).add(5, hash, page);
    const whole = readFileSync(path);
    keep(path).add(6, random.bytes(32), page);
    const torn = readFileSync(path).subarray(0, whole.length + 1000);
    writeFileSync(path, torn);
    const pages = keep(path);
    pages.add(7, random.bytes(32), page);
    expect([...keep(path).records()]).toHaveLength(2);
  });

  it("are never more than so many on disk; the oldest, and those of the future, make room", () => {
    const path = join(temporaryFolder(), "1.pages");
    const hashes = Array.from({ length: 9 }, () => random.bytes(32));
    const first = keepFew(path);
    for (const [index, hash] of hashes.entries()) first.add(index === 4 ? 5000 : index, hash, page);
    expect(readFileSync(path)).toHaveLength(8 * BLOCK_BYTES);
    expect(hashes.map((hash) => first.has(hash))).not.toContain(false);
    const next = keepFew(path);
    expect(readFileSync(path)).toHaveLength(6 * BLOCK_BYTES);
    const [oldest, , , , future] = hashes;
    const gone = hashes.filter((hash) => !next.has(hash));
    expect(gone).toEqual([oldest, future, hashes[8]]);
    next.add(9, random.bytes(32), page);
    expect(readFileSync(path)).toHaveLength(7 * BLOCK_BYTES);
  });

  it("that a full disk does not take are there until the lookup ends, and it says so", () => {
    const path = join(temporaryFolder(), "1.pages");
    symlinkSync("/dev/full", path);
    const hash = random.bytes(32);
    const pages = keepFew(path);
    pages.add(1, hash, page);
    expect(pages.has(hash)).toBe(true);
    expect([...pages.records()]).toHaveLength(1);
    expect(trouble.code).toBe("ENOSPC");
  });
});
