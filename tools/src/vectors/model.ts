import {
  type CryptoSuite,
  DecodeError,
  type DecodeErrorCode,
  fromHex,
  UsageError,
  WeakKeyError,
} from "@glowworm/protocol";

/** What a vector is made of. Bytes are lowercase hex, numbers are whole. */
type Json = null | number | string | readonly Json[] | JsonObject;
/** An object of `Json`. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** `ok`, `null` (not ours) or the code of the refusal. */
export type Expectation = "ok" | "null" | DecodeErrorCode | WeakKeyError["code"];

/** What the generator states of a case; the rest is computed. */
export interface CaseDraft {
  readonly id: string;
  /** Section of docs/protocol.md. */
  readonly spec: string;
  readonly comment: string;
  readonly operation: string;
  readonly expect: Expectation;
  readonly input: JsonObject;
}

/** One case as it stands in a vector file. */
export interface VectorCase extends CaseDraft {
  readonly intermediate?: JsonObject;
  readonly output?: JsonObject;
}

/** What an operation gives; null means "not ours". */
export interface Computed {
  readonly intermediate?: JsonObject;
  readonly output: JsonObject;
}

/** One operation of the protocol as a function from JSON to JSON. */
export type Operation = (crypto: CryptoSuite, input: Input) => Computed | null;

/** Typed access to the input of a case. */
export class Input {
  readonly #fields: JsonObject;

  constructor(fields: JsonObject) {
    this.#fields = fields;
  }

  /** Bytes of a hex field. */
  bytes(name: string): Uint8Array {
    return fromHex(this.text(name));
  }

  /** A string field. */
  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== "string") throw new UsageError(`${name}: expected a string`);
    return value;
  }

  /** A number field. */
  number(name: string): number {
    const value = this.#fields[name];
    if (typeof value !== "number") throw new UsageError(`${name}: expected a number`);
    return value;
  }

  /** A field that holds an object. */
  object(name: string): Input {
    return inputOf(name, this.#fields[name]);
  }

  /** A field that holds a list of objects. */
  objects(name: string): readonly Input[] {
    const value = this.#fields[name];
    if (!isList(value)) throw new UsageError(`${name}: expected a list`);
    return value.map((item) => inputOf(name, item));
  }
}

/** Runs one case and says how it ended. */
export function runOperation(
  crypto: CryptoSuite,
  operation: Operation,
  input: JsonObject,
): Pick<VectorCase, "expect" | "intermediate" | "output"> {
  try {
    const computed = operation(crypto, new Input(input));
    return computed === null ? { expect: "null" } : { expect: "ok", ...computed };
  } catch (error) {
    if (error instanceof DecodeError || error instanceof WeakKeyError) {
      return { expect: error.code };
    }
    throw error;
  }
}

function inputOf(name: string, value: Json | undefined): Input {
  if (value === null || typeof value !== "object" || isList(value)) {
    throw new UsageError(`${name}: expected an object`);
  }
  return new Input(value as JsonObject);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
