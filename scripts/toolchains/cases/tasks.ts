/** A task module, as users write them: functions and classes that other modules import. */
import { unit } from "./dep.ts";

export const rate: number = 3;
export let counter: number = 0;
export function count(): number {
  counter++;
  return counter;
}

export function double(x: number): number {
  return x * 2;
}

export const weigh = (x: number): string => `${x} ${unit}`;

export default function half(x: number): number {
  return x / 2;
}

export class Vec {
  x: number;
  y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  length(): number {
    return Math.sqrt(this.x * this.x + this.y * this.y);
  }
}
