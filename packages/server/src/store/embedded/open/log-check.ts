import { Log } from "./log-frames.ts";

/**
 * Whether a write-ahead log lost commits that had been finished. SQLite itself takes the log up to the first frame that
 * is not sound, and silently drops what follows: right for the commit during which a machine stopped, and for nothing
 * else. A commit is on disk before the next one begins, so whatever follows a commit proves that it was finished:
 * when that stands behind an unsound frame, something has damaged the log. What no reader can tell is a damaged last commit
 * from an unfinished one. Reads the log once, from its beginning to its end.
 */
export function isLogDamaged(database: string): boolean {
  return Log.read(database, (log) => !log.hasHeader || losesCommits(log)) ?? false;
}

function losesCommits(log: Log): boolean {
  let isCommitBehind = false;
  for (const { isSound, isOfThisLog, isCommit } of log.frames()) {
    if (isSound || !isOfThisLog) continue;
    if (isCommitBehind) return true;
    isCommitBehind = isCommit;
  }
  return false;
}
