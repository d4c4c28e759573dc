import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** Configuration that Cassandra's Maven artifacts lack. */
const CONFIGURATION = fileURLToPath(new URL("../../../test/cluster/cassandra/", import.meta.url));
const CQL_PORT = 9042;
const START_TIMEOUT_MS = 240_000;
const POLL_MS = 200;
const LOG_TAIL = 2000;
const run = promisify(execFile);

/** All that is needed to start a node, or to find one that runs: plain data, which crosses between processes. */
export interface NodePlace {
  readonly classPath: string;
  /** Its configuration, data and log. */
  readonly folder: string;
  /** A loopback address of its own. */
  readonly address: string;
  /** Address of the node it joins; its own for the first. */
  readonly seed: string;
  /** Where `nodetool` reaches it. */
  readonly jmxPort: number;
  /** Lines of `cassandra.yaml` that only this node has. */
  readonly more?: string;
}

/** One Cassandra node, started as a process of this machine. */
export class CassandraNode {
  readonly place: NodePlace;

  constructor(place: NodePlace) {
    this.place = place;
  }

  /** Starts it, on what it left behind; resolves when it takes queries. */
  async start(): Promise<void> {
    const { folder, jmxPort } = this.place;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "cassandra.yaml"), this.#configuration());
    const log = openSync(this.#log, "a");
    const arguments_ = [
      ...this.#java(),
      `-Dcassandra.jmx.local.port=${jmxPort}`,
      `-Dlogback.configurationFile=${join(CONFIGURATION, "logback.xml")}`,
      "org.apache.cassandra.service.CassandraDaemon",
    ];
    const child = spawn("java", arguments_, { detached: true, stdio: ["ignore", log, log] });
    closeSync(log);
    writeFileSync(join(folder, "pid"), String(child.pid));
    child.unref();
    await this.#takesQueries(child);
  }

  /** SIGKILL: no goodbye to the other nodes, nothing flushed. Resolves when the process is gone. */
  async kill(): Promise<void> {
    for (let signal: NodeJS.Signals | 0 = "SIGKILL"; sent(this.#pid, signal); signal = 0) {
      await delay(POLL_MS / 4);
    }
  }

  /** SIGSTOP: connections stay, and nothing is answered any more. */
  pause(): void {
    sent(this.#pid, "SIGSTOP");
  }

  /** Runs `nodetool` against this node and returns what it printed. */
  async nodetool(...words: readonly string[]): Promise<string> {
    return await this.tool(
      "NodeTool",
      "-h",
      "127.0.0.1",
      "-p",
      String(this.place.jmxPort),
      ...words,
    );
  }

  /** Runs one of Cassandra's tools with this node's configuration and returns what it printed. */
  async tool(name: string, ...words: readonly string[]): Promise<string> {
    const heap = ["-Xmx128m", "-Xms32m"];
    const main = `org.apache.cassandra.tools.${name}`;
    const { stdout } = await run("java", [...this.#java(), ...heap, main, ...words]);
    return stdout;
  }

  get #pid(): number {
    return Number(readFileSync(join(this.place.folder, "pid"), "utf8"));
  }

  get #log(): string {
    return join(this.place.folder, "log");
  }

  #java(): readonly string[] {
    const { classPath, folder } = this.place;
    const agent = classPath.split(":").find((jar) => /\/jamm-[^/]*\.jar$/.test(jar)) ?? "";
    return [
      `@${join(CONFIGURATION, "jvm.options")}`,
      `-javaagent:${agent}`,
      `-Dcassandra.config=${pathToFileURL(join(folder, "cassandra.yaml"))}`,
      `-Dcassandra.storagedir=${folder}`,
      "-cp",
      classPath,
    ];
  }

  #configuration(): string {
    const { folder, address, seed, more = "" } = this.place;
    return `${readFileSync(join(CONFIGURATION, "cassandra.yaml"), "utf8")}
listen_address: ${address}
rpc_address: ${address}
native_transport_port: ${CQL_PORT}
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{ seeds: ${seed} }]
data_file_directories: [${folder}/data]
commitlog_directory: ${folder}/commitlog
hints_directory: ${folder}/hints
saved_caches_directory: ${folder}/caches
${more}`;
  }

  async #takesQueries(child: ChildProcess): Promise<void> {
    for (let waited = 0; waited < START_TIMEOUT_MS; waited += POLL_MS) {
      if (await accepts(this.place.address)) return;
      if (child.exitCode !== null) break;
      await delay(POLL_MS);
    }
    const said = readFileSync(this.#log, "utf8").slice(-LOG_TAIL);
    throw new Error(`the node at ${this.place.address} did not start:\n${said}`);
  }
}

/** Whether there was a process to take the signal. */
function sent(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

async function accepts(address: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(CQL_PORT, address);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}
