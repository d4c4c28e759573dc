import {
  decodeManifest,
  decodeRecords,
  type HoursList,
  PATHS,
  type StoredRecord,
} from "@glowworm/protocol";

/** One answer of a server. */
interface Answer {
  readonly path: string;
  readonly status: number;
  readonly headers: string;
  readonly body: Uint8Array;
}

/** Everything a server publishes just now. */
export interface Published {
  readonly answers: readonly Answer[];
  /** Of closed hours and of open segments, padding included. */
  readonly closed: readonly StoredRecord[];
  readonly open: readonly StoredRecord[];
}

/** Fetches all that anybody can fetch. */
export async function readPublished(serverUrl: string): Promise<Published> {
  const answers: Answer[] = [];
  const get = async (path: string): Promise<Uint8Array> => {
    const response = await fetch(serverUrl + path);
    const { status } = response;
    const body = new Uint8Array(await response.arrayBuffer());
    answers.push({ path, status, headers: JSON.stringify([...response.headers]), body });
    if (status !== 200) throw new Error(`${path}: status ${status}`);
    return body;
  };
  for (const path of [PATHS.about, PATHS.health, PATHS.ready]) await get(path);
  const list = JSON.parse(new TextDecoder().decode(await get(PATHS.hours))) as HoursList;
  const closed: StoredRecord[] = [];
  for (const { hour } of list.hours) {
    const { pages } = decodeManifest(await get(PATHS.manifest(hour)));
    for (const page of pages.keys())
      closed.push(...decodeRecords(await get(PATHS.page(hour, page))));
  }
  const open: StoredRecord[] = [];
  const { first, last } = list.open ?? { first: 0, last: -1 };
  for (let segment = first; segment <= last; segment++) {
    open.push(...decodeRecords(await get(PATHS.segment(segment))));
  }
  return { answers, closed, open };
}
