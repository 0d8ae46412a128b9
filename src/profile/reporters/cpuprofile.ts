import { groupFrame, type Frame } from "../model/frame.ts";
import type { Profile } from "../model/sample.ts";
import type { V8CallFrame } from "../model/v8-types.ts";
import { nameOf } from "./speedscope.ts";

interface Node {
  readonly id: number;
  readonly callFrame: V8CallFrame & { readonly scriptId: string };
  hitCount: number;
  readonly children: number[];
}

/**
 * V8's own `.cpuprofile`, which Chrome DevTools and VS Code open. It knows one thread only, so several threads are
 * laid one after the other, each under a node that names it.
 */
export function toCpuProfile(profile: Profile): string {
  const nodes = new Nodes();
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  for (const thread of profile.threads) {
    const group = profile.threads.length > 1 ? [groupFrame(nameOf(thread, profile))] : [];
    for (const sample of profile.samples) {
      if (sample.thread !== thread) continue;
      const id = nodes.hit([...group, ...sample.stack]);
      samples.push(id);
      timeDeltas.push(Math.round(sample.weight * 1e6));
    }
  }
  const startTime = Math.round(profile.startedAt * 1e3);
  const total = timeDeltas.reduce((sum, delta) => sum + delta, 0);
  return JSON.stringify({ nodes: nodes.list, startTime, endTime: startTime + total, samples, timeDeltas });
}

class Nodes {
  readonly list: Node[] = [];
  readonly #children = new Map<number, Map<Frame, Node>>();
  readonly #root: Node = this.#add(groupFrame("(root)"));

  /** Counts one sample of the stack; gives the innermost node's id. */
  hit(stack: readonly Frame[]): number {
    let node = this.#root;
    for (const frame of stack) {
      const children = this.#children.get(node.id)!;
      let child = children.get(frame);
      if (child === undefined) {
        child = this.#add(frame);
        children.set(frame, child);
        node.children.push(child.id);
      }
      node = child;
    }
    node.hitCount++;
    return node.id;
  }

  #add(frame: Frame): Node {
    const node: Node = {
      id: this.list.length + 1,
      callFrame: {
        functionName: frame.name,
        scriptId: "0",
        url: frame.url,
        lineNumber: frame.line - 1,
        columnNumber: frame.column - 1,
      },
      hitCount: 0,
      children: [],
    };
    this.list.push(node);
    this.#children.set(node.id, new Map());
    return node;
  }
}
