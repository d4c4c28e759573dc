import { Failure } from "@glowworm/platform";

/** A server's base URL without a slash at its end. `name` is what it was given as. @throws {Failure} usage */
export function serverUrlFrom(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw refused(name, "expected an http or https address");
  }
  if (url.username !== "" || url.password !== "") {
    throw refused(name, "a name or password in it would tell the server who this is");
  }
  if (url.search !== "" || url.hash !== "") throw refused(name, "expected no ? and no #");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function refused(name: string, reason: string): Failure {
  return new Failure("usage", `${name}: ${reason}`, "for example https://glow.example");
}
