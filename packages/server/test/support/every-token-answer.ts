import { encodeIssueRequest, encodeUploadBatch, PATHS } from "@glowworm/protocol";
import { StoreUnavailableError } from "@glowworm/server";
import type { Exchange } from "./every-answer.ts";
import { someUpload } from "./fixtures.ts";
import { InvitedApp, spending, TODAY } from "./invited.ts";
import type { TestApp } from "./test-app.ts";

/** More requests with a wrong invite than a network may send in an hour. */
const TOO_MANY = 66;

/** Requests that between them get every answer that only invites and tokens lead to. */
export async function everyTokenAnswer(publicApp: TestApp): Promise<readonly Exchange[]> {
  const app = new InvitedApp();
  return [
    await get(publicApp),
    { method: "post", path: PATHS.tokens, response: await askPublic(publicApp) },
    await get(app.http),
    ...(await uploads(app)),
    ...(await issues(app)),
  ];
}

async function get(app: TestApp): Promise<Exchange> {
  return { method: "get", path: PATHS.tokenKeys, response: await app.get(PATHS.tokenKeys) };
}

async function askPublic(app: TestApp): Promise<Response> {
  const headers = { "content-type": "application/octet-stream" };
  return await app.app.request(PATHS.tokens, { method: "POST", headers, body: "" });
}

async function uploads(app: InvitedApp): Promise<readonly Exchange[]> {
  const body = (): Uint8Array => encodeUploadBatch([someUpload(app.random)]);
  const token = spending(app.token());
  const responses = [
    await app.upload(null, body()),
    await app.upload(token, body()),
    await app.upload(token, body()),
  ];
  return responses.map((response) => ({ method: "post", path: PATHS.sightings, response }));
}

async function issues(app: InvitedApp): Promise<readonly Exchange[]> {
  const invite = await app.invite({ tokensPerDay: 32 });
  const first = await app.ask(invite);
  const blinded = first.draft.blindings.map((blinding) => blinding.blinded);
  const wrong = encodeIssueRequest({ invite: new Uint8Array(16), day: TODAY, blinded });
  const otherVersion = Uint8Array.from(wrong, (byte, index) => (index === 0 ? 9 : byte));
  const responses = [
    first.response,
    (await app.ask(invite)).response,
    (await app.ask(invite, TODAY + 1)).response,
    await app.askBytes(wrong),
    await app.askBytes(wrong.subarray(0, -1)),
    await app.askBytes(otherVersion),
    await app.askBytes(new Uint8Array(10_000)),
    await app.http.app.request(PATHS.tokens, { method: "POST", body: "text" }),
  ];
  for (let sent = 0; sent < TOO_MANY; sent++) responses.push(await app.askBytes(wrong));
  app.clock.advance(3_600_000);
  for (const error of [new StoreUnavailableError("EIO"), new Error("a bug")]) {
    app.tokensFail = error;
    responses.push(await app.askBytes(wrong));
  }
  return responses.map((response) => ({ method: "post", path: PATHS.tokens, response }));
}
