import { type CryptoSuite, equalBytes, filterHash, isAllZero } from "@glowworm/protocol";
import { DamagedHourError } from "../damage.ts";
import { readSpan, withFile } from "../segments/file-spans.ts";
import { assertManifest, assertPage, type Footer, readFooter, SPANS } from "./hour-file.ts";

/** Checks everything of a closed hour but its pages. @throws {DamagedHourError} */
export function checkFrame(crypto: CryptoSuite, path: string, hour: number): Footer {
  const footer = readFooter(crypto, path, hour);
  withFile(path, (fd) => {
    assertManifest(crypto, readSpan(fd, SPANS.manifest(footer.pages)), footer.manifest);
    assertFilter(
      crypto,
      readSpan(fd, SPANS.filter(footer.pages, footer.filterBytes)),
      readSpan(fd, SPANS.filterHash()),
    );
  });
  return footer;
}

/** Checks the pages from `from` up to but not including `to`. @throws {DamagedHourError} */
export function checkPages(
  crypto: CryptoSuite,
  path: string,
  pages: number,
  from: number,
  to: number,
): void {
  withFile(path, (fd) => {
    for (let page = from; page < to; page++) {
      const hash = readSpan(fd, SPANS.pageHash(page));
      assertPage(crypto, readSpan(fd, SPANS.page(pages, page)), hash);
    }
  });
}

/** @throws {DamagedHourError} unless the filter, empty for none, has the hash of its manifest. */
export function assertFilter(crypto: CryptoSuite, filter: Uint8Array, hash: Uint8Array): void {
  const isRight =
    filter.length === 0 ? isAllZero(hash) : equalBytes(filterHash(crypto, filter), hash);
  if (!isRight) throw new DamagedHourError("filter differs from its hash");
}
