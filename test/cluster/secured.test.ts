import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUploadBatch, PATHS, RECORDS_MEDIA_TYPE } from "@glowworm/protocol";
import { seededRandom } from "@glowworm/protocol/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../bench/src/cluster/cluster.ts";
import type { NodePlace } from "../../bench/src/cluster/node.ts";
import { someUpload } from "../../packages/server/test/support/fixtures.ts";
import { eventually } from "../support/eventually.ts";
import { Glowworm, glowworm } from "../support/glowworm.ts";
import { needs } from "../support/needs.ts";

const { skip } = needs("java", "mvn", "keytool");
/** What Cassandra gives its first role. */
const PASSWORD = "cassandra";
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
client_encryption_options:
  enabled: true
  optional: false
  keystore: ${makeKeystore(folder, address)}
  keystore_password: ${STORE_PASSWORD}
`;
}

/** Words of a server over the node, with a login of its own choice. */
function words(
  place: NodePlace,
  change: Partial<{ password: string; ca: string | null }>,
): string[] {
  const { password = PASSWORD, ca = join(place.folder, "ca.pem") } = change;
  const file = join(folder, "password");
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return [
    ...["server", "run", "--listen", "127.0.0.1:0", "--data", join(folder, "data")],
    ...["--metrics-listen", "127.0.0.1:0"],
    ...["--cluster-contact-points", place.address, "--cluster-replication", "1"],
    ...["--cluster-username", "cassandra", "--cluster-password-file", file],
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

/** A server that listens; the first role is made a moment after the node takes connections. */
async function started(): Promise<Started> {
  return await eventually("a server", PATIENCE_MS, async () => {
    const server = new Glowworm(words(place, {}));
    running.push(server);
    const found = await server.line(/listening on (\S+)/).catch(() => null);
    const [, metrics = ""] = (await server.line(/metrics on (\S+)/).catch(() => null)) ?? [];
    return found === null ? null : { server, url: found[1] ?? "", metrics };
  });
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

  it("is not used by a server that has another password, or speaks plainly, or knows another authority", async () => {
    const other = join(folder, "other");
    makeKeystore(other, place.address);
    const changes = [{ password: "wrong" }, { ca: null }, { ca: join(other, "ca.pem") }];
    for (const change of changes) {
      const { code, said } = await glowworm(words(place, change));
      expect([code, said]).toEqual([1, expect.stringContaining("cluster.username")]);
      expect(said).not.toContain("listening");
      expect(said).not.toContain("wrong");
    }
  });

  it("holds up no server that is told to stop, whatever hangs, also when it starts", async () => {
    const { server, url, metrics } = await started();
    cluster.nodes[0]?.pause();
    const unanswered = upload(url).catch(() => 0);
    const starting = new Glowworm(words(place, {}));
    running.push(starting);
    await eventually("an upload that waits", PATIENCE_MS, async () => {
      const text = await (await fetch(metrics)).text();
      return text.includes("glowworm_queue_records 1\n") || null;
    });
    for (const one of [server, starting]) {
      const began = performance.now();
      await one.stop("SIGTERM");
      expect(performance.now() - began).toBeLessThan(STOP_LIMIT_MS);
    }
    expect(await unanswered).not.toBe(201);
  });
});
