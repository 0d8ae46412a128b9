/**
 * What workers answer with: as `encodeError` and `packResult` of this room, but for the encoder, which must be loaded
 * before errors, and values that do not travel as they are, can be encoded.
 */
export { encodeError } from "./errors.ts";
export { loadEncoder } from "./late-encoder.ts";
export { packResult, travelsAsItIs } from "./results.ts";
