import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decodeInvite,
  decodeIssueAnswer,
  decodeTokenKeys,
  draftTokens,
  encodeIssueRequest,
  encodeUploadBatch,
  finishTokens,
  PATHS,
  RECORDS_MEDIA_TYPE,
  type UploadToken,
} from "@glowworm/protocol";
import { FakeClock, seededRandom } from "@glowworm/protocol/testing";
import { makeInvite, openInvites, Server } from "@glowworm/server";
import { afterEach, describe, expect, it } from "vitest";
import { openClusterInvites } from "../../packages/server/src/tokens/cluster-invites.ts";
import { openClusterTokenStore } from "../../packages/server/src/tokens/cluster-token-store.ts";
import { crypto, NOON_MS, someUpload } from "../../packages/server/test/support/fixtures.ts";
import { spending, TODAY } from "../../packages/server/test/support/invited.ts";
import { describeTokenStore, ORDER } from "../../packages/server/test/support/token-store-suite.ts";
import { cluster, emptyCluster, nodes } from "./support/cluster.ts";

const random = seededRandom("cluster tokens");
const folder = mkdtempSync(join(tmpdir(), "glowworm-tokens-"));
const running: Server[] = [];

async function start(): Promise<string> {
  const server = new Server({
    clock: new FakeClock(NOON_MS),
    random: { bytes: randomBytes },
    crypto,
    cluster,
    dataFolder: folder,
    host: "127.0.0.1",
    port: 0,
    retentionDays: 30,
    admission: "invite",
  });
  running.push(server);
  return (await server.start()).url;
}

/** What an invited relay does at one server. */
async function tokensFrom(url: string, invite: Uint8Array): Promise<readonly UploadToken[]> {
  const keys = decodeTokenKeys(await (await fetch(url + PATHS.tokenKeys)).text());
  const draft = draftTokens(random, TODAY);
  const blinded = draft.blindings.map((blinding) => blinding.blinded);
  const response = await post(
    url + PATHS.tokens,
    encodeIssueRequest({ invite, day: TODAY, blinded }),
  );
  expect(response.status).toBe(200);
  const answer = decodeIssueAnswer(new Uint8Array(await response.arrayBuffer()));
  return finishTokens(draft, keys.get(answer.day) ?? new Uint8Array(), answer);
}

async function post(url: string, body: Uint8Array, authorization?: string): Promise<Response> {
  const headers = {
    "content-type": RECORDS_MEDIA_TYPE,
    ...(authorization === undefined ? {} : { authorization }),
  };
  return await fetch(url, { method: "POST", headers, body: new Uint8Array(body) });
}

describe.skipIf(nodes.length === 0)("on three nodes", () => {
  describeTokenStore("of a cluster", async () => {
    await emptyCluster();
    const { store } = await openClusterTokenStore(cluster, random);
    return { store, invites: await openClusterInvites(cluster) };
  });

  describe("several invite-only servers over one cluster", () => {
    afterEach(async () => {
      for (const server of running.splice(0)) await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it("take each other's tokens, and each once", async () => {
      await emptyCluster();
      const invites = await openInvites({ dataFolder: folder, cluster });
      const { text } = await makeInvite({ crypto, random, invites }, { ...ORDER, today: TODAY });
      await invites.close();
      const [here, there] = [await start(), await start()];
      const [token] = await tokensFrom(here, decodeInvite(crypto, text));
      if (token === undefined) throw new Error("none was issued");
      const upload = async (url: string, body: Uint8Array): Promise<number> =>
        (await post(url + PATHS.sightings, body, spending(token))).status;
      const [first, second] = [batch(), batch()];
      expect(await upload(there, first)).toBe(201);
      expect(await upload(here, second)).toBe(403);
      expect(await upload(here, first)).toBe(201);
    });
  });
});

function batch(): Uint8Array {
  return encodeUploadBatch([someUpload(random)]);
}
