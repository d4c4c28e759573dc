import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { request as requestTls } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";

const PATIENCE_MS = 30_000;
const DEPLOY = new URL("../../deploy/", import.meta.url);

/** A proxy that runs with an example of ours, in a folder of its own. */
export interface RunningProxy {
  /** Everything it wrote, logs above all. */
  readonly folder: string;
  readonly url: string;
  stop(): Promise<void>;
}

/** What a request over TLS was answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * nginx with deploy/nginx.conf in front of servers on loopback. Its logs are kept, if it should write any.
 * @param around lines of the `http` block that the example is put into.
 */
export async function startNginx(
  servers: string | readonly string[],
  around = "",
): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-nginx-"));
  const port = await freePort();
  const certificate = selfSigned(folder);
  mkdirSync(join(folder, "logs"));
  const upstream = [servers].flat().map((url) => `server ${new URL(url).host};`);
  const site = exampleWith("nginx.conf", [
    [/listen \[::\].*\n/g, "\n"],
    [/listen 80;/g, `listen 127.0.0.1:${await freePort()};`],
    [/listen 443/g, `listen 127.0.0.1:${port}`],
    [/server 127\.0\.0\.1:8787;/g, upstream.join("\n")],
    [/\/etc\/ssl\/glow\.example\/fullchain\.pem/g, certificate.chain],
    [/\/etc\/ssl\/glow\.example\/privkey\.pem/g, certificate.key],
    [/\/var\/cache\/nginx/g, folder],
  ]);
  const file = join(folder, "nginx.conf");
  writeFileSync(file, nginxAround(folder, `${around}\n${site}`));
  const words = ["-p", folder, "-c", file];
  execFileSync("nginx", ["-q", "-t", ...words], { env: withSbin(), stdio: "pipe" });
  return await started(spawn("nginx", words, { env: withSbin(), stdio: "ignore" }), folder, port);
}

/** Caddy with deploy/Caddyfile in front of a server on loopback, with a certificate of its own making. */
export async function startCaddy(server: string): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), "glowworm-caddy-"));
  const port = await freePort();
  const { chain, key } = selfSigned(folder);
  mkdirSync(join(folder, "logs"));
  const site = exampleWith("Caddyfile", [
    [/^\{\n/m, "{\n\tadmin off\n\tauto_https off\n"],
    [/log default \{\n/, `log default {\n\t\toutput file ${join(folder, "logs", "default.log")}\n`],
    [
      /^glow\.example \{\n/m,
      `https://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${chain} ${key}\n`,
    ],
    [/127\.0\.0\.1:8787/g, new URL(server).host],
  ]);
  const file = join(folder, "Caddyfile");
  writeFileSync(file, site);
  const words = ["--config", file, "--adapter", "caddyfile"];
  const env = { ...withSbin(), HOME: folder };
  execFileSync("caddy", ["validate", ...words], { env, stdio: "pipe" });
  return await started(spawn("caddy", ["run", ...words], { env, stdio: "ignore" }), folder, port);
}

/** Asks a proxy whose certificate nobody vouches for. */
export async function ask(
  url: string,
  options: { method?: string; headers?: Readonly<Record<string, string>>; body?: Uint8Array } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = options;
  const asked = requestTls(url, { method, headers, rejectUnauthorized: false, agent: false });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const { statusCode = 0, headers: answered } = response;
  return { status: statusCode, headers: answered, body: Buffer.concat(parts) };
}

/** An example with some of its text exchanged; every pattern has to be there. */
function exampleWith(name: string, changes: readonly (readonly [RegExp, string])[]): string {
  let text = readFileSync(new URL(name, DEPLOY), "utf8");
  for (const [pattern, replacement] of changes) {
    if (text.search(pattern) === -1) throw new Error(`${name} has no ${pattern}`);
    text = text.replace(pattern, replacement);
  }
  return text;
}

/** Logs whatever it may, at the level that says most: the example must have switched it off. */
function nginxAround(folder: string, site: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join("\n");
  return `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${join(folder, "pid")};
error_log ${join(folder, "logs", "error.log")} info;
events { worker_connections 64; }
http {
access_log ${join(folder, "logs", "access.log")};
${temporary}
${site}
}
`;
}

function selfSigned(folder: string): { readonly chain: string; readonly key: string } {
  const [chain, key] = [join(folder, "chain.pem"), join(folder, "key.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=localhost", "-keyout", key, "-out", chain];
  execFileSync("openssl", ["req", "-x509", ...curve, ...names], { stdio: "pipe" });
  return { chain, key };
}

async function started(child: ChildProcess, folder: string, port: number): Promise<RunningProxy> {
  const exited = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually("the proxy to listen", PATIENCE_MS, async () => {
      return (await isListening(port)) ? true : null;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { folder, url: `https://localhost:${port}`, stop };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Debian keeps nginx where only root looks. */
function withSbin(): Record<string, string> {
  return { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
}
