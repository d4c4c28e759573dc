import { existsSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
const ROOM_BYTES = 2 ** 31;

/**
 * Where test nodes keep their data. They are killed here and never lose power, so that memory keeps what a disk would, and
 * tables are emptied without waiting for it. Where there is too little, the folder for temporary files.
 */
export function memoryFolder(): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= ROOM_BYTES ? MEMORY : tmpdir();
}
