import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CassandraNode, type NodePlace } from "./node.ts";

const POM = fileURLToPath(new URL("../../../test/cluster/cassandra/pom.xml", import.meta.url));
const LIST_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath";
/** Name that a node of the test configuration gives to its datacenter. */
export const DATACENTER = "datacenter1";
const run = promisify(execFile);

/** Real nodes on loopback addresses of this machine. */
export interface Cluster {
  readonly nodes: readonly CassandraNode[];
  /** Ends all nodes and removes what they stored. */
  stop(): Promise<void>;
}

/** How a cluster differs from others. */
export interface ClusterSetup {
  /** Where the folder of its nodes is made; that for temporary files when absent. */
  readonly parent?: string;
  /** Lines of `cassandra.yaml` for the node at a place. */
  readonly more?: (place: NodePlace) => string;
}

/** Starts `count` nodes: the first alone, because the others learn of each other from it, then all others at once. */
export async function startCluster(
  count: number,
  { parent = tmpdir(), more = () => "" }: ClusterSetup = {},
): Promise<Cluster> {
  const folder = mkdtempSync(join(parent, "glowworm-cluster-"));
  const places = await placesIn(folder, count);
  const nodes = places.map((place) => new CassandraNode({ ...place, more: more(place) }));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [first, ...others] = nodes;
    await first?.start();
    await Promise.all(others.map((node) => node.start()));
    return { nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** All of 127.0.0.0/8 is this machine: a network drawn at random keeps two clusters apart. */
async function placesIn(folder: string, count: number): Promise<readonly NodePlace[]> {
  const classPath = await jarsOf(folder);
  const network = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const jmxPorts = await freePorts(count);
  return jmxPorts.map((jmxPort, index) => ({
    classPath,
    folder: join(folder, `node${index + 1}`),
    address: `${network}.${index + 1}`,
    seed: `${network}.1`,
    jmxPort,
  }));
}

/** Maven fetches what it does not have yet. */
async function jarsOf(folder: string): Promise<string> {
  const output = join(folder, "classpath");
  await run("mvn", ["-q", "-B", "-f", POM, LIST_JARS, `-Dmdep.outputFile=${output}`]);
  return readFileSync(output, "utf8").trim();
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) server.close();
  return ports;
}
