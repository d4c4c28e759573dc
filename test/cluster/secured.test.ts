import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { encodeUploadBatch, PATHS, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { someUpload } from "../../packages/server/test/support/fixtures.ts";
import { eventually } from "../support/eventually.ts";
import { Glowworm, glowworm } from "../support/glowworm.ts";
import { needs } from "../support/needs.ts";
import { type Change, type SecuredNode, startSecuredNode } from "./support/secured-node.ts";

const { skip } = needs("java", "mvn", "keytool");
const CQL_PORT = 9042;
const PATIENCE_MS = 60_000;
/** After this, whoever started a server kills it. */
const STOP_LIMIT_MS = 10_000;
const random = seededRandom("secured");

interface Started {
  readonly server: Glowworm;
  readonly url: string;
  /** Where its metrics are. */
  readonly metrics: string;
}

let secured: SecuredNode;
const running: Glowworm[] = [];

function start(change: Change = {}): Glowworm {
  const server = new Glowworm(secured.words(change));
  running.push(server);
  return server;
}

async function started(): Promise<Started> {
  const server = start();
  const [, url = ""] = await server.line(/listening on (\S+)/);
  const [, metrics = ""] = await server.line(/metrics on (\S+)/);
  return { server, url, metrics };
}

async function upload(url: string): Promise<number> {
  const { status } = await fetch(url + PATHS.sightings, {
    method: "POST",
    headers: { "content-type": RECORDS_MEDIA_TYPE },
    body: encodeUploadBatch([someUpload(random)]) as Uint8Array<ArrayBuffer>,
  });
  return status;
}

describe.skipIf(skip)("a cluster that wants a password and TLS", () => {
  beforeAll(async () => {
    secured = await startSecuredNode();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop("SIGKILL")));
  });
  afterAll(async () => {
    await secured?.stop();
  });

  it("takes the reports of a server that has both", async () => {
    const { server, url } = await started();
    expect(await upload(url)).toBe(201);
    expect(await server.stop("SIGTERM")).toBe(0);
  });

  it("takes invites from a command line that logs in, and from none that does by half", async () => {
    const { server } = await started();
    expect(await server.stop("SIGTERM")).toBe(0);
    const env = {
      GLOWWORM_CLUSTER_CONTACT_POINTS: secured.node.place.address,
      GLOWWORM_CLUSTER_USERNAME: secured.username,
      GLOWWORM_CLUSTER_CA_FILE: secured.ca,
    };
    const half = await glowworm(["server", "invite"], { env });
    expect(half).toMatchObject({ code: 2, stdout: "" });
    const password = { GLOWWORM_CLUSTER_PASSWORD_FILE: secured.passwordFile };
    expect(half.said).toContain(Object.keys(password)[0]);
    const whole = { env: { ...env, ...password } };
    expect(await glowworm(["server", "invite", "--name", "roof"], whole)).toMatchObject({
      code: 0,
    });
    expect((await glowworm(["server", "invites"], whole)).stdout).toMatch(/ roof\n$/);
  });

  async function refused(change: Change): Promise<string> {
    const server = start(change);
    await server.line(/listening|cluster\.username/);
    const said = server.lines.join("\n");
    expect(said).not.toContain("listening");
    expect(await server.output()).toMatchObject({ code: 1 });
    return said;
  }

  it.each<[string, () => Change, RegExp]>([
    ["has another password", () => ({ password: "wrong" }), /password are incorrect$/m],
    ["speaks plainly", () => ({ ca: null }), /ECONNRESET$/m],
    [
      "knows another authority",
      () => ({ ca: secured.otherAuthority() }),
      /self-signed certificate$/m,
    ],
  ])("is not used by a server that %s", async (_, change, message) => {
    const said = await refused(change());
    expect(said).toMatch(message);
    expect(said).not.toContain("wrong");
  });

  it("is not used by a server that reaches the node at an address its certificate does not name", async () => {
    const detour = createServer((socket) => {
      const onward = connect(CQL_PORT, secured.node.place.address);
      for (const end of [socket, onward]) end.on("error", () => {});
      socket.pipe(onward).pipe(socket);
    });
    await once(detour.listen(0, "127.0.0.1"), "listening");
    const { port } = detour.address() as AddressInfo;
    try {
      expect(await refused({ contact: `127.0.0.1:${port}` })).toMatch(/altnames.*127\.0\.0\.1/);
    } finally {
      detour.close();
    }
  });

  it("holds up no server that is told to stop, however long the node hangs", async () => {
    const { server, url, metrics } = await started();
    secured.node.pause();
    const unanswered: Promise<number>[] = [];
    // The second one waits for the first, so that the server has more to wait for than it may.
    for (let waiting = 1; waiting <= 2; waiting++) {
      unanswered.push(upload(url).catch(() => 0));
      await eventually("an upload that waits", PATIENCE_MS, async () => {
        const text = await (await fetch(metrics)).text();
        return text.includes(`glowworm_queue_records ${waiting}\n`) || null;
      });
    }
    const began = performance.now();
    expect(await server.stop("SIGTERM")).toBe(1);
    expect(performance.now() - began).toBeLessThan(STOP_LIMIT_MS);
    await server.line(/the store did not let go in time/);
    expect(await Promise.all(unanswered)).not.toContain(201);
  });
});
