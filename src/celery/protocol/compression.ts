import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { DecodeError, UnsupportedError } from "../../core/index.ts";

/** Compression by Celery's names. `gzip` is really a zlib stream on Celery's wire, whatever its name says. */
export type CompressionName = "gzip" | "zlib" | "zstd" | "brotli";

interface Codec {
  readonly header: string;
  compress(body: Uint8Array): Promise<Uint8Array>;
  expand(body: Uint8Array): Promise<Uint8Array>;
}

/** A compressed message may not grow beyond this: a bomb of a few kB must not take the worker's memory. */
const LARGEST = 512 * 1024 * 1024;
const limit = { maxOutputLength: LARGEST };

const deflate: Codec = {
  header: "application/x-gzip",
  compress: (body) => promisify(zlib.deflate)(body),
  expand: (body) => promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.unzip)(body, limit),
};

const CODECS: Record<CompressionName, Codec> = {
  gzip: deflate,
  zlib: deflate,
  brotli: {
    header: "application/x-brotli",
    compress: (body) => promisify(zlib.brotliCompress)(body),
    expand: (body) => promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress)(body, limit),
  },
  zstd: {
    header: "application/zstd",
    compress: (body) => promisify(zlib.zstdCompress)(body),
    expand: (body) => promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)(body, limit),
  },
};

/** The compressed body and the value of the `compression` header that says so. */
export async function compress(
  body: Uint8Array,
  name: CompressionName,
): Promise<{ body: Uint8Array; header: string }> {
  const codec = Object.hasOwn(CODECS, name) ? CODECS[name] : undefined;
  if (codec === undefined) {
    throw new UnsupportedError(
      `There is no compression ${JSON.stringify(name)} here: ${Object.keys(CODECS).join(", ")}`,
    );
  }
  return { body: await codec.compress(body), header: codec.header };
}

/** Undoes the `compression` header. */
export async function expand(body: Uint8Array, header: string): Promise<Uint8Array> {
  const codec = Object.values(CODECS).find((candidate) => candidate.header === header);
  if (codec === undefined) {
    throw new DecodeError(
      `The compression ${JSON.stringify(header)} cannot be read (bzip2 and xz are Python's only)`,
    );
  }
  try {
    return await codec.expand(body);
  } catch (error) {
    throw new DecodeError(`The compressed body cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
