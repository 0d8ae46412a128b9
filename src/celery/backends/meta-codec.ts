import { decode, encode, type SerializerName } from "../protocol/serializers.ts";
import type { ResultMeta } from "./backend.ts";

/** Writes and reads stored results in the app's result serializer. */
export class MetaCodec {
  readonly #serializer: SerializerName;
  readonly #accept: readonly SerializerName[];

  constructor(serializer: SerializerName, accept: readonly SerializerName[]) {
    this.#serializer = serializer;
    this.#accept = [...new Set([serializer, ...accept])];
  }

  get contentType(): string {
    return encode(null, this.#serializer).contentType;
  }

  get contentEncoding(): string {
    return encode(null, this.#serializer).contentEncoding;
  }

  encode(value: unknown): Buffer {
    const { body } = encode(value, this.#serializer);
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  decode(body: Uint8Array): unknown {
    const { contentType, contentEncoding } = encode(null, this.#serializer);
    return decode({ contentType, contentEncoding, body }, this.#accept);
  }

  decodeMeta(body: Uint8Array | null): ResultMeta | null {
    return body === null ? null : (this.decode(body) as ResultMeta);
  }
}
