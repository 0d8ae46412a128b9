import { readFileSync } from "node:fs";

/** One mapping of a process's address space: a line of /proc/PID/maps. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly executable: boolean;
  readonly writable: boolean;
  /** Where in the file the mapping begins. */
  readonly offset: number;
  /** The mapped file, a pseudo name such as `[stack]`, or `""` for anonymous memory. */
  readonly path: string;
}

/** The address space of a process; read again by `refresh` when an address is not in it. */
export class AddressSpace {
  readonly #pid: number;
  #mappings: readonly Mapping[] = [];

  constructor(pid: number) {
    this.#pid = pid;
    this.refresh();
  }

  refresh(): void {
    this.#mappings = readFileSync(`/proc/${this.#pid}/maps`, "utf8").split("\n").filter(Boolean).map(parse);
  }

  get mappings(): readonly Mapping[] {
    return this.#mappings;
  }

  find(address: number): Mapping | undefined {
    let low = 0;
    let high = this.#mappings.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#mappings[middle]!.end <= address) low = middle + 1;
      else high = middle;
    }
    const mapping = this.#mappings[low];
    return mapping !== undefined && address >= mapping.start ? mapping : undefined;
  }

  /** As `find`, with one fresh look when the address is unknown. */
  locate(address: number): Mapping | undefined {
    const known = this.find(address);
    if (known !== undefined) return known;
    this.refresh();
    return this.find(address);
  }
}

/** `55a0-55b0 r-xp 00001000 fe:01 1234   /usr/bin/node` */
function parse(line: string): Mapping {
  const [range = "", flags = "", offset = "0", , , ...path] = line.split(/ +/);
  const [start = "0", end = "0"] = range.split("-");
  return {
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    executable: flags[2] === "x",
    writable: flags[1] === "w",
    offset: Number.parseInt(offset, 16),
    path: path.join(" "),
  };
}
