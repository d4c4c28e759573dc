import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether a test can run here, and if not, why. */
export interface Need {
  readonly skip: boolean;
  /** Empty when nothing is missing. */
  readonly reason: string;
}

/** Debian package of each program that is not part of Node. */
const PACKAGES: Readonly<Record<string, string>> = {
  btvirt: "bluez-test-tools",
  caddy: "caddy",
  cc: "gcc",
  faketime: "faketime",
  gpsd: "gpsd",
  gpsfake: "gpsd-clients",
  slowhttptest: "slowhttptest",
  nginx: "nginx-light",
  openssl: "openssl",
  "systemd-analyze": "systemd",
  "qemu-system-x86_64": "qemu-system-x86",
  strace: "strace",
  nsenter: "util-linux",
  java: "openjdk-17-jre-headless",
  keytool: "openjdk-17-jre-headless",
  mvn: "maven",
  unshare: "util-linux",
};

/** Programs that `GLOWWORM_REQUIRE` asks for by one name. */
const GROUPS: Readonly<Record<string, string>> = { java: "jdk", keytool: "jdk", mvn: "jdk" };

/**
 * Whether every program is installed. A missing one is printed and its tests are skipped; it is an error instead when
 * `GLOWWORM_REQUIRE` (names with commas between) names it, so that a run which installed it cannot leave it out.
 */
export function needs(...programs: readonly string[]): Need {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return { skip: false, reason: "" };
  const advice = missing.map((program) => PACKAGES[program] ?? program).join(" ");
  const reason = `${missing.join(", ")} not installed: sudo apt-get install ${advice}`;
  const required = (process.env["GLOWWORM_REQUIRE"] ?? "").split(",");
  if (missing.some((program) => required.includes(GROUPS[program] ?? program)))
    throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return { skip: true, reason };
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
