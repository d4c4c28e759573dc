import { type HoursList, PATHS } from "@glowworm/protocol";

/** What a server or a mirror lists. */
export async function listOf(url: string): Promise<HoursList> {
  return (await (await fetch(url + PATHS.hours)).json()) as HoursList;
}

/** The closed hours of it, in ascending order. */
export async function hoursOf(url: string): Promise<readonly number[]> {
  return (await listOf(url)).hours.map(({ hour }) => hour);
}

/** Status, headers and body as hex, but for what changes from one moment to the next. */
export async function answerOf(url: string): Promise<unknown> {
  const response = await fetch(url);
  const headers = Object.fromEntries(response.headers);
  for (const name of ["date", "connection", "keep-alive"]) delete headers[name];
  return {
    status: response.status,
    headers,
    body: Buffer.from(await response.arrayBuffer()).toString("hex"),
  };
}
