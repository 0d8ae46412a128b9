import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { AuthenticationError } from "../core/index.ts";

/** A message at a time; what the challenge needs of a connection. */
export interface ByteChannel {
  sendBytes(bytes: Uint8Array): Promise<void>;
  recvBytes(): Promise<Uint8Array>;
}

/**
 * Proves to the other side that we know the key, without showing it, by Python's protocol: it sends
 * `#CHALLENGE#{sha256}<random>`, we answer `{sha256}<HMAC>`, it says `#WELCOME#` or `#FAILURE#`. Pythons before 3.12
 * send 20 bytes without a name and mean MD5.
 */
export async function answerChallenge(channel: ByteChannel, key: Uint8Array): Promise<void> {
  const received = Buffer.from(await channel.recvBytes());
  if (!received.subarray(0, CHALLENGE.length).equals(CHALLENGE))
    throw failed("the other side sent no challenge");
  const message = received.subarray(CHALLENGE.length);
  const name = DIGEST.exec(message.subarray(0, 20).toString("latin1"))?.[1];
  if (name === undefined && message.length !== LEGACY_BYTES)
    throw failed("the challenge is of an unknown form");
  const mac = createHmac(name === undefined ? "md5" : requireDigest(name), key)
    .update(message)
    .digest();
  await channel.sendBytes(name === undefined ? mac : Buffer.concat([Buffer.from(`{${name}}`), mac]));
  if (!Buffer.from(await channel.recvBytes()).equals(WELCOME)) throw failed("the other side has another key");
}

/** Has the other side prove that it knows the key. */
export async function deliverChallenge(channel: ByteChannel, key: Uint8Array): Promise<void> {
  const message = Buffer.concat([Buffer.from("{sha256}"), randomBytes(40)]);
  await channel.sendBytes(Buffer.concat([CHALLENGE, message]));
  const response = Buffer.from(await channel.recvBytes());
  const name = DIGEST.exec(response.subarray(0, 20).toString("latin1"))?.[1];
  const mac = name === undefined ? response : response.subarray(name.length + 2);
  // A Python before 3.12 knows MD5 only, and answers without a name.
  const expected = createHmac(name === undefined ? "md5" : requireDigest(name), key)
    .update(message)
    .digest();
  if (mac.length === expected.length && timingSafeEqual(mac, expected)) return channel.sendBytes(WELCOME);
  await channel.sendBytes(FAILURE);
  throw failed("the other side has another key");
}

const CHALLENGE = Buffer.from("#CHALLENGE#");
const WELCOME = Buffer.from("#WELCOME#");
const FAILURE = Buffer.from("#FAILURE#");
const DIGEST = /^\{(\w+)\}/;
const LEGACY_BYTES = 20;

function requireDigest(name: string): string {
  if (["md5", "sha256", "sha384", "sha3_256", "sha3_384"].includes(name)) return name.replace("_", "-");
  throw failed(`the other side wants the digest ${name}, which is not supported`);
}

function failed(why: string): AuthenticationError {
  return new AuthenticationError(`Authentication failed: ${why}. Give both sides the same authkey`);
}
