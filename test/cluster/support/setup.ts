import type { TestProject } from "vitest/node";
import { startCluster } from "../../../bench/src/cluster/cluster.ts";
import type { NodePlace } from "../../../bench/src/cluster/node.ts";
import { needs } from "../../support/needs.ts";
import { newKeyspace } from "./keyspace.ts";
import { memoryFolder } from "./memory-folder.ts";

const NODES = 3;

declare module "vitest" {
  interface ProvidedContext {
    /** The nodes that run; none when this machine cannot run them. */
    nodes: readonly NodePlace[];
    /** For all files but those that stop nodes: making tables takes as long as ten tests. */
    keyspace: string;
  }
}

/** Starts the nodes once, for all files of the run. */
export default async function setup(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  project.provide("keyspace", newKeyspace());
  const { skip } = needs("java", "mvn");
  if (skip) {
    project.provide("nodes", []);
    return undefined;
  }
  const cluster = await startCluster(NODES, { parent: memoryFolder() });
  project.provide(
    "nodes",
    cluster.nodes.map((node) => node.place),
  );
  return cluster.stop;
}
