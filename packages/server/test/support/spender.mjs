import { SpentTokens } from "../../dist/tokens/spent-tokens.js";

// Binds one token in the folder it is given, says so, and dies at once.
const [folder] = process.argv.slice(2);
new SpentTokens(folder).bind(1, new Uint8Array(32).fill(1), new Uint8Array(16).fill(2));
process.kill(process.pid, "SIGKILL");
