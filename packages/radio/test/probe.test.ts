import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ProbeRoots, probeAdapter } from "../src/probe.ts";

const NET_ADMIN = 1n << 12n;
const NET_RAW = 1n << 13n;

let folder: string;
let roots: ProbeRoots;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glowworm-probe-"));
  roots = {
    sysfs: join(folder, "sys"),
    proc: join(folder, "proc"),
    program: "/opt/node/bin/node",
    loadNative: () => {
      throw new Error("not built");
    },
  };
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("probe of a kernel adapter", () => {
  it("says that the kernel has no Bluetooth", () => {
    expect(failureOf("hci0")).toMatchObject({ exit: "noBluetooth" });
  });

  it("says that there is no such adapter", () => {
    plugIn("hci1");
    expect(failureOf("hci0")).toMatchObject({ exit: "noBluetooth" });
  });

  it.each([
    [0n, /CAP_NET_ADMIN and CAP_NET_RAW/],
    [NET_RAW, /missing CAP_NET_ADMIN$/],
    [NET_ADMIN, /missing CAP_NET_RAW$/],
  ])("names the rights that %i lacks, and the command that grants them", (capabilities, what) => {
    plugIn("hci0");
    grant(capabilities);
    const failure = failureOf("hci0");
    expect(failure).toMatchObject({ exit: "noPermission" });
    expect(failure.message).toMatch(what);
    expect(failure.remedy).toBe("sudo setcap cap_net_raw,cap_net_admin+eip /opt/node/bin/node");
  });

  it("says how to build the native socket", () => {
    plugIn("hci0");
    grant(NET_RAW | NET_ADMIN);
    const failure = failureOf("hci0");
    expect(failure).toMatchObject({ exit: "noBluetooth" });
    expect(failure.remedy).toContain("npm run build:radio");
  });

  it("is content with an adapter, rights and a native socket", () => {
    plugIn("hci0");
    grant(NET_RAW | NET_ADMIN);
    roots = { ...roots, loadNative: () => class {} as never };
    expect(() => probeAdapter({ kind: "hci", index: 0 }, roots)).not.toThrow();
  });
});

describe("probe of a byte stream", () => {
  it("is content with a socket", async () => {
    const path = join(folder, "socket");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(() => probeAdapter({ kind: "h4", path }, roots)).not.toThrow();
    await new Promise((resolve) => server.close(resolve));
  });

  it("is content with a device", () => {
    expect(() => probeAdapter({ kind: "h4", path: "/dev/null" }, roots)).not.toThrow();
  });

  it("refuses a path where nothing is, and a file", () => {
    const path = join(folder, "file");
    expect(failureOf(`h4:${path}`)).toMatchObject({ exit: "noBluetooth" });
    writeFileSync(path, "");
    expect(failureOf(`h4:${path}`)).toMatchObject({ exit: "noBluetooth" });
  });
});

function plugIn(name: string): void {
  mkdirSync(join(roots.sysfs, "class/bluetooth", name), { recursive: true });
}

function grant(capabilities: bigint): void {
  mkdirSync(join(roots.proc, "self"), { recursive: true });
  const effective = capabilities.toString(16).padStart(16, "0");
  const status = `Name:\tnode\nCapPrm:\t0000000000000000\nCapEff:\t${effective}\n`;
  writeFileSync(join(roots.proc, "self/status"), status);
}

function failureOf(adapter: string): { message: string; remedy: string; exit: string } {
  const [, index, path] = /^(?:hci(\d)|h4:(.*))$/.exec(adapter) ?? [];
  try {
    if (path !== undefined) probeAdapter({ kind: "h4", path }, roots);
    else probeAdapter({ kind: "hci", index: Number(index) }, roots);
  } catch (error) {
    return error as { message: string; remedy: string; exit: string };
  }
  throw new Error("probe was content");
}
