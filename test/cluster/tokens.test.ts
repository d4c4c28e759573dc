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
import { type ClusterOptions, makeInvite, openInvites, Server } from "@glowworm/server";
import { afterEach, describe, expect, it } from "vitest";
import { Session } from "../../packages/server/src/store/cassandra/session.ts";
import { openClusterInvites } from "../../packages/server/src/tokens/cluster-invites.ts";
import { openClusterTokenStore } from "../../packages/server/src/tokens/cluster-token-store.ts";
import { crypto, NOON_MS, someUpload } from "../../packages/server/test/support/fixtures.ts";
import { spending, TODAY } from "../../packages/server/test/support/invited.ts";
import { describeTokenStore, ORDER } from "../../packages/server/test/support/token-store-suite.ts";
import { cluster, emptyCluster, KEYSPACE, nodes, prepareCluster } from "./support/cluster.ts";

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
    await prepareCluster();
    const { store } = await openClusterTokenStore(cluster, random);
    return { store, invites: await openClusterInvites(cluster) };
  });

  describe("the invites of a keyspace", () => {
    async function refusal(change: Partial<ClusterOptions> = {}): Promise<unknown> {
      const opening = openInvites({ dataFolder: folder, cluster: { ...cluster, ...change } });
      return await opening.then(
        (invites) => invites.close(),
        (error: unknown) => error,
      );
    }

    async function onCluster<T>(use: (session: Session) => Promise<T>): Promise<T> {
      const session = await Session.connect(cluster);
      return await use(session).finally(() => session.close());
    }

    it("are refused by its name where none is, and none is made", async () => {
      const keyspace = `typo_${KEYSPACE}`;
      expect(await refusal({ keyspace })).toMatchObject({
        exit: "usage",
        message: expect.stringContaining(keyspace),
        remedy: expect.stringContaining("start one of them once before"),
      });
      const names = await onCluster((session) =>
        session.rows("SELECT keyspace_name FROM system_schema.keyspaces", []),
      );
      expect(names.map((row) => row["keyspace_name"])).not.toContain(keyspace);
    });

    it("are refused before a server has made all of it, and when another version did", async () => {
      await prepareCluster();
      expect(await refusal()).toBeUndefined();
      await emptyCluster();
      expect(await refusal()).toMatchObject({ exit: "usage" });
      const statement = `INSERT INTO ${KEYSPACE}.marks (name, value) VALUES ('format', 2)`;
      await onCluster((session) => session.write(statement, []));
      expect(await refusal()).toMatchObject({ message: expect.stringContaining("has format 2") });
    });
  });

  describe("several invite-only servers over one cluster", () => {
    afterEach(async () => {
      for (const server of running.splice(0)) await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it("take each other's tokens, and each once", async () => {
      await emptyCluster();
      const [here, there] = [await start(), await start()];
      const invites = await openInvites({ dataFolder: folder, cluster });
      const { text } = await makeInvite({ crypto, random, invites }, { ...ORDER, today: TODAY });
      await invites.close();
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
