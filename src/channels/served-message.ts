import type { Read } from "../memory/index.ts";
import type { Encoded } from "./codec.ts";
import type { Reach } from "./served-object.ts";
import type { Loan } from "./service-line.ts";

/** A message as it crosses: its kind, then the bytes it would be in shared memory. So the service never runs what is in it. */
export function packMessage({ kind, length, write }: Encoded): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length + 1);
  bytes[0] = kind;
  write(bytes, 1);
  return new Uint8Array(bytes.buffer);
}

/** Reads a message that the service has given on loan; when that throws, the message is the first over there again. */
export function readLoan<T>(reach: Reach, [number, message]: Loan, read: Read<T>): T {
  const source = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  let value: T;
  try {
    value = read(source, 1, source.length - 1, source[0]!);
  } catch (error) {
    reach.tell("giveBack", number);
    throw error;
  }
  reach.tell("settle", number);
  return value;
}
