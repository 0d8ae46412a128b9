import type { WaitOptions } from "./cancel.ts";
import { ArgumentError } from "./errors.ts";

/**
 * Checks at the border: every public call validates its arguments once, with these, and code behind the border
 * trusts them. Each error names the parameter, the value given and what is accepted.
 */

/** A short, safe rendering of any value for an error message. */
export function describe(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === "function") return value.name ? `function ${value.name}` : "an anonymous function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor
    ?.name;
  return name && name !== "Object" ? `an instance of ${name}` : "an object";
}

export function invalid(parameter: string, value: unknown, expected: string): ArgumentError {
  return new ArgumentError(`\`${parameter}\` must be ${expected}, got ${describe(value)}`);
}

export function requireFunction(parameter: string, value: unknown): void {
  if (typeof value !== "function") throw invalid(parameter, value, "a function");
}

export function requireInteger(
  parameter: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw invalid(
      parameter,
      value,
      max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`,
    );
  }
  return value as number;
}

/** A duration in seconds; `undefined` and `Infinity` mean "no limit" and come back as `Infinity`. */
export function requireSeconds(parameter: string, value: unknown): number {
  if (value === undefined || value === null) return Infinity;
  if (typeof value !== "number" || Number.isNaN(value) || value < 0)
    throw invalid(parameter, value, "a number of seconds, 0 or more");
  return value;
}

export function requireSignal(parameter: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  if (!(value instanceof AbortSignal)) throw invalid(parameter, value, "an AbortSignal");
  return value;
}

export function requireOneOf<T extends string>(parameter: string, value: unknown, allowed: readonly T[]): T {
  if (!allowed.includes(value as T))
    throw invalid(parameter, value, `one of ${allowed.map((a) => `"${a}"`).join(", ")}`);
  return value as T;
}

/** The options of a call that waits. */
export function requireWait({ timeout, signal }: WaitOptions): void {
  requireSeconds("timeout", timeout);
  requireSignal("signal", signal);
}
