import { decodeInvite, inviteHash } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import {
  type InviteOrder,
  type Invites,
  makeInvite,
  StoreUnavailableError,
} from "@glowworm/server";
import { describe, expect, it } from "vitest";
import type { TokenStore } from "../../src/tokens/token-store.ts";
import { crypto } from "./fixtures.ts";

const random = seededRandom("token store");
export const ORDER: InviteOrder = { name: "roof", tokensPerDay: 64, days: null, today: 100 };

/** One place of invites and spent tokens, as a server and as the command line see it. */
export interface TokenWorld {
  readonly store: TokenStore;
  readonly invites: Invites;
}

/** What was answered; a store may be unavailable to some of those who ask at once, and nothing else. */
async function atOnce<T>(asking: readonly Promise<T>[]): Promise<T[]> {
  const answers: T[] = [];
  for (const settled of await Promise.allSettled(asking)) {
    if (settled.status === "fulfilled") answers.push(settled.value);
    else expect(settled.reason).toBeInstanceOf(StoreUnavailableError);
  }
  return answers;
}

/** What every token store does, whatever it stands on. */
export function describeTokenStore(name: string, open: () => Promise<TokenWorld>): void {
  async function story(tell: (world: TokenWorld) => Promise<void>): Promise<void> {
    const world = await open();
    try {
      await tell(world);
    } finally {
      await world.invites.close();
      await world.store.close();
    }
  }

  async function invited(
    invites: Invites,
    change: Partial<InviteOrder> = {},
  ): Promise<{ readonly id: string; readonly hash: Uint8Array }> {
    const { id, text } = await makeInvite({ crypto, random, invites }, { ...ORDER, ...change });
    return { id, hash: inviteHash(crypto, decodeInvite(crypto, text)) };
  }

  describe(`the token store ${name}`, () => {
    it("binds a token to one batch, however often it comes", () =>
      story(async ({ store }) => {
        const [nonce, mark, other] = [random.bytes(32), random.bytes(16), random.bytes(16)];
        const answers: boolean[] = [];
        for (const next of [mark, other, mark]) answers.push(await store.bind(100, nonce, next));
        expect(answers).toEqual([true, false, true]);
        expect(await store.bind(101, nonce, other)).toBe(true);
      }));

    it("binds a token that comes with many batches at once to exactly one", () =>
      story(async ({ store }) => {
        const nonce = random.bytes(32);
        const marks = Array.from({ length: 4 }, () => random.bytes(16));
        await atOnce(marks.map((mark) => store.bind(100, nonce, mark)));
        const answers: boolean[] = [];
        for (const mark of marks) answers.push(await store.bind(100, nonce, mark));
        expect(answers.filter((answer) => answer).length).toBe(1);
      }));

    it("lists invites with what an operator needs, and nothing of uploads", () =>
      story(async ({ store, invites }) => {
        const { id, hash } = await invited(invites, { days: 30 });
        const listed = { id, name: "roof", tokensPerDay: 64, madeDay: 100, lastDay: 129 };
        expect(await invites.list()).toEqual([{ ...listed, issueDay: null }]);
        expect(await store.take(hash, 101, 32)).toBe("granted");
        expect(await invites.list()).toEqual([{ ...listed, issueDay: 101 }]);
        const later = await invited(invites, { today: 101 });
        expect((await invites.list()).map((invite) => invite.id)).toEqual([id, later.id]);
      }));

    it("gives an invite its number of tokens each day anew", () =>
      story(async ({ store, invites }) => {
        const { hash } = await invited(invites);
        const grants: string[] = [];
        for (const day of [100, 100, 100, 101]) grants.push(await store.take(hash, day, 32));
        expect(grants).toEqual(["granted", "granted", "used-up", "granted"]);
      }));

    it("gives it no more of a day that was over when tokens were issued last, whoever's clock says so", () =>
      story(async ({ store, invites }) => {
        const { hash } = await invited(invites);
        const grants: string[] = [];
        for (const day of [100, 101, 100, 101, 100, 101]) {
          grants.push(await store.take(hash, day, 32));
        }
        expect(grants).toEqual(["granted", "granted", "used-up", "granted", "used-up", "used-up"]);
        expect((await invites.list())[0]?.issueDay).toBe(101);
      }));

    it("gives those who ask at once no more than that", () =>
      story(async ({ store, invites }) => {
        const { hash } = await invited(invites);
        const grants = await atOnce(Array.from({ length: 4 }, () => store.take(hash, 100, 32)));
        for (let ask = 0; ask < 3; ask++) grants.push(await store.take(hash, 100, 32));
        expect(grants.at(-1)).toBe("used-up");
        expect(grants.filter((grant) => grant === "granted").length).toBeLessThanOrEqual(2);
      }));

    it("knows an invite up to its last day, and no longer when it was taken back", () =>
      story(async ({ store, invites }) => {
        const { id, hash } = await invited(invites, { days: 2 });
        expect(await store.take(hash, 101, 32)).toBe("granted");
        expect(await store.take(hash, 102, 32)).toBe("unknown");
        const removals: boolean[] = [];
        for (const named of ["00000000", id, id]) removals.push(await invites.remove(named));
        expect(removals).toEqual([false, true, false]);
        expect(await store.take(hash, 101, 32)).toBe("unknown");
      }));
  });
}
