import { Failure } from "@glowworm/platform";
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";

/** Words that spell a 32-byte owner key, its checksum included. */
export const RECOVERY_WORDS: number = 24;

/** The owner key as 24 words of BIP-39's English list: what goes on paper. */
export function wordsOf(ownerKey: Uint8Array): readonly string[] {
  return entropyToMnemonic(ownerKey, wordlist).split(" ");
}

/**
 * The owner key that 24 words spell. Case, line breaks and numbering such as `7.` do not matter.
 * @throws {Failure} usage, naming the place of a wrong word and never the word.
 */
export function ownerKeyFromWords(text: string): Uint8Array {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => /[a-z]/.test(word));
  if (words.length !== RECOVERY_WORDS) {
    throw refused(`expected ${RECOVERY_WORDS} words, got ${words.length}`);
  }
  const wrong = words.findIndex((word) => !wordlist.includes(word));
  if (wrong !== -1) throw refused(`word ${wrong + 1} is not one of the list`);
  try {
    return mnemonicToEntropy(words.join(" "), wordlist);
  } catch (cause) {
    throw refused("their checksum does not fit: a word is wrong or two changed places", cause);
  }
}

function refused(reason: string, cause?: unknown): Failure {
  return new Failure(
    "usage",
    `recovery words: ${reason}`,
    "type the words as they were written down, separated by spaces, in their order",
    cause === undefined ? {} : { cause },
  );
}
