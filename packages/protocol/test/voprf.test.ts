import { describe, expect, it } from "vitest";
import { vectorsOf } from "./support/vectors.ts";

/*
 * RFC 9497 appendix A.1.2: key pair, and for each of its vectors the blinded and evaluated elements, proof and outputs.
 * The vectors of this project compute them again; here is what the RFC says.
 */
const SECRET_KEY = "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909";
const PUBLIC_KEY = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e";
const BLINDED_1 = "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945";
const EVALUATED_1 = "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e";
const OUTPUT_1 =
  "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d" +
  "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c";
const OUTPUT_2 =
  "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60" +
  "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6";
const RFC = [
  {
    blinded: [BLINDED_1],
    evaluated: [EVALUATED_1],
    proof:
      "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06" +
      "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
    outputs: [OUTPUT_1],
  },
  {
    blinded: ["cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c"],
    evaluated: ["60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468"],
    proof:
      "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a" +
      "67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02",
    outputs: [OUTPUT_2],
  },
  {
    blinded: [BLINDED_1, "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654"],
    evaluated: [EVALUATED_1, "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a"],
    proof:
      "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a" +
      "5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08",
    outputs: [OUTPUT_1, OUTPUT_2],
  },
];

describe("VOPRF(ristretto255, SHA-512)", () => {
  it.each(RFC.map((stated, index) => [index + 1, stated] as const))(
    "computes what RFC 9497 states in test vector %i",
    (n, stated) => {
      const vector = vectorsOf("tokens.json").find(({ id }) => id === `rfc9497-${n}`);
      expect({ ...vector?.intermediate, ...vector?.output }).toEqual({
        secretKey: SECRET_KEY,
        publicKey: PUBLIC_KEY,
        ...stated,
      });
    },
  );
});
