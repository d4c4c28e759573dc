import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUploadBatch, PATHS, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, DATACENTER, startCluster } from "../../bench/src/cluster/cluster.ts";
import type { NodePlace } from "../../bench/src/cluster/node.ts";
import { Session } from "../../packages/server/src/store/cassandra/session.ts";
import { someUpload } from "../../packages/server/test/support/fixtures.ts";
import { eventually } from "../support/eventually.ts";
import { Glowworm, glowworm } from "../support/glowworm.ts";
import { needs } from "../support/needs.ts";

const { skip } = needs("java", "mvn", "keytool");
/** Name and password of the role that Cassandra makes. */
const FIRST_ROLE = "cassandra";
const PASSWORD = "correct horse";
const CQL_PORT = 9042;
const STORE_PASSWORD = "changeit";
const PATIENCE_MS = 60_000;
/** After this, whoever started a server kills it. */
const STOP_LIMIT_MS = 10_000;
const random = seededRandom("secured");

/** A key for an address in a keystore, and its certificate beside it. Returns the keystore. */
function makeKeystore(folder: string, address: string): string {
  mkdirSync(folder, { recursive: true });
  const keystore = join(folder, "keystore.p12");
  const store = ["-keystore", keystore, "-storepass", STORE_PASSWORD, "-alias", "node"];
  const key = ["-keyalg", "EC", "-dname", "CN=node", "-ext", `SAN=ip:${address}`];
  execFileSync("keytool", ["-genkeypair", ...store, ...key], { stdio: "ignore" });
  const file = join(folder, "ca.pem");
  execFileSync("keytool", ["-exportcert", "-rfc", ...store, "-file", file], { stdio: "ignore" });
  return keystore;
}

/** Takes nobody without a password, and nothing that is not TLS. */
function secured({ folder, address }: NodePlace): string {
  return `authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
client_encryption_options:
  enabled: true
  optional: false
  keystore: ${makeKeystore(folder, address)}
  keystore_password: ${STORE_PASSWORD}
`;
}

/** What a server does otherwise than it should. */
interface Change {
  /** Where it looks for the node, HOST:PORT. */
  readonly contact?: string;
  readonly password?: string;
  /** A file; null speaks plainly. */
  readonly ca?: string | null;
}

/** Words of a server over the node. */
function words({ address, folder: nodeFolder }: NodePlace, change: Change): string[] {
  const { contact = address, password = PASSWORD, ca = join(nodeFolder, "ca.pem") } = change;
  const file = join(folder, "password");
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return [
    ...["server", "run", "--listen", "127.0.0.1:0", "--data", join(folder, "data")],
    ...["--metrics-listen", "127.0.0.1:0"],
    ...["--cluster-contact-points", contact, "--cluster-replication", "1"],
    ...["--cluster-username", "glowworm", "--cluster-password-file", file],
    ...(ca === null ? [] : ["--cluster-ca-file", ca]),
  ];
}

async function upload(url: string): Promise<number> {
  const { status } = await fetch(url + PATHS.sightings, {
    method: "POST",
    headers: { "content-type": RECORDS_MEDIA_TYPE },
    body: encodeUploadBatch([someUpload(random)]) as Uint8Array<ArrayBuffer>,
  });
  return status;
}

let folder: string;
let cluster: Cluster;
let place: NodePlace;
const running: Glowworm[] = [];

function start(change: Change = {}): Glowworm {
  const server = new Glowworm(words(place, change));
  running.push(server);
  return server;
}

async function started(): Promise<Started> {
  const server = start();
  const [, url = ""] = await server.line(/listening on (\S+)/);
  const [, metrics = ""] = await server.line(/metrics on (\S+)/);
  return { server, url, metrics };
}

/** What an operator does for a server. The role to do it with is made a moment after the node takes connections. */
async function makeRole({ address, folder: nodeFolder }: NodePlace): Promise<void> {
  const session = await eventually("the first role", PATIENCE_MS, () =>
    Session.connect({
      contactPoints: [address],
      localDatacenter: DATACENTER,
      login: { username: FIRST_ROLE, password: FIRST_ROLE },
      ca: readFileSync(join(nodeFolder, "ca.pem"), "utf8"),
    }).catch(() => null),
  );
  await session.define(`CREATE ROLE glowworm WITH PASSWORD = '${PASSWORD}' AND LOGIN = true`);
  await session.define("GRANT CREATE ON ALL KEYSPACES TO glowworm");
  await session.close();
}

function withOtherAuthority(): Change {
  const other = join(folder, "other");
  makeKeystore(other, place.address);
  return { ca: join(other, "ca.pem") };
}

interface Started {
  readonly server: Glowworm;
  readonly url: string;
  /** Where its metrics are. */
  readonly metrics: string;
}

describe.skipIf(skip)("a cluster that wants a password and TLS", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "glowworm-secured-"));
    cluster = await startCluster(1, secured);
    const [node] = cluster.nodes;
    if (node === undefined) throw new Error("no node");
    place = node.place;
    await makeRole(place);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop("SIGKILL")));
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
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
      GLOWWORM_CLUSTER_CONTACT_POINTS: place.address,
      GLOWWORM_CLUSTER_USERNAME: "glowworm",
      GLOWWORM_CLUSTER_CA_FILE: join(place.folder, "ca.pem"),
    };
    const half = await glowworm(["server", "invite"], { env });
    expect(half).toMatchObject({ code: 2, stdout: "" });
    const password = { GLOWWORM_CLUSTER_PASSWORD_FILE: join(folder, "password") };
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
    ["knows another authority", withOtherAuthority, /self-signed certificate$/m],
  ])("is not used by a server that %s", async (_, change, message) => {
    const said = await refused(change());
    expect(said).toMatch(message);
    expect(said).not.toContain("wrong");
  });

  it("is not used by a server that reaches the node at an address its certificate does not name", async () => {
    const detour = createServer((socket) => {
      const onward = connect(CQL_PORT, place.address);
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
    cluster.nodes[0]?.pause();
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
