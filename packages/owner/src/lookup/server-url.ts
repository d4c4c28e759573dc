import { Failure } from "@glowworm/platform";

/** A server's base URL without a slash at its end. @throws {Failure} usage */
export function serverUrlFrom(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw refused("expected an http or https address");
  }
  if (url.username !== "" || url.password !== "") {
    throw refused("a name or password in it would tell the server who this is");
  }
  if (url.search !== "" || url.hash !== "") throw refused("expected no ? and no #");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function refused(reason: string): Failure {
  return new Failure("usage", `--server: ${reason}`, "for example --server https://glow.example");
}
