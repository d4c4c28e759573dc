import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DATACENTER, startCluster } from "../../../bench/src/cluster/cluster.ts";
import type { CassandraNode, NodePlace } from "../../../bench/src/cluster/node.ts";
import { Session } from "../../../packages/server/src/store/cassandra/session.ts";
import { eventually } from "../../support/eventually.ts";
import { memoryFolder } from "./memory-folder.ts";

/** Name and password of the role that Cassandra makes. */
const FIRST_ROLE = "cassandra";
const USERNAME = "glowworm";
const PASSWORD = "correct horse";
const STORE_PASSWORD = "changeit";
const PATIENCE_MS = 60_000;

/** What a server does otherwise than it should. */
export interface Change {
  /** Where it looks for the node, HOST:PORT. */
  readonly contact?: string;
  readonly password?: string;
  /** A file; null speaks plainly. */
  readonly ca?: string | null;
}

/** A node that takes nobody without a password, and nothing that is not TLS. */
export interface SecuredNode {
  readonly node: CassandraNode;
  /** A folder for what servers over it keep. */
  readonly folder: string;
  /** File with the authority of its certificate. */
  readonly ca: string;
  /** File with the password of its role. */
  readonly passwordFile: string;
  /** The role that servers log in as. */
  readonly username: string;
  /** Words of a server over it. */
  words(change?: Change): readonly string[];
  /** File with an authority that the node knows nothing of. */
  otherAuthority(): string;
  stop(): Promise<void>;
}

/** Starts it, and makes the role that servers need, as an operator does. */
export async function startSecuredNode(): Promise<SecuredNode> {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-secured-"));
  const cluster = await startCluster(1, { parent: memoryFolder(), more: secured });
  const stop = async (): Promise<void> => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("no node");
  const { place } = node;
  const ca = join(place.folder, "ca.pem");
  const passwordFile = join(folder, "password");
  await makeRole(place.address, ca).catch((error: unknown) =>
    stop().then(() => Promise.reject(error)),
  );
  return {
    ...{ node, folder, ca, passwordFile, username: USERNAME, stop },
    words: ({ contact = place.address, password = PASSWORD, ca: known = ca } = {}) => {
      writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
      return [
        ...["server", "run", "--listen", "127.0.0.1:0", "--data", join(folder, "data")],
        ...["--metrics-listen", "127.0.0.1:0"],
        ...["--cluster-contact-points", contact, "--cluster-replication", "1"],
        ...["--cluster-username", USERNAME, "--cluster-password-file", passwordFile],
        ...(known === null ? [] : ["--cluster-ca-file", known]),
      ];
    },
    otherAuthority: () => {
      const other = join(folder, "other");
      makeKeystore(other, place.address);
      return join(other, "ca.pem");
    },
  };
}

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

/** The role to do it with is made a moment after the node takes connections. */
async function makeRole(address: string, ca: string): Promise<void> {
  const session = await eventually("the first role", PATIENCE_MS, () =>
    Session.connect({
      contactPoints: [address],
      localDatacenter: DATACENTER,
      login: { username: FIRST_ROLE, password: FIRST_ROLE },
      ca: readFileSync(ca, "utf8"),
    }).catch(() => null),
  );
  await session.define(`CREATE ROLE ${USERNAME} WITH PASSWORD = '${PASSWORD}' AND LOGIN = true`);
  await session.define(`GRANT CREATE ON ALL KEYSPACES TO ${USERNAME}`);
  await session.close();
}
