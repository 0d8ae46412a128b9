/** The logical clock that control commands and events carry. Python: `kombu.clocks.LamportClock`. */
export class LamportClock {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  forward(): number {
    return ++this.#value;
  }

  adjust(other: unknown): void {
    if (typeof other === "number" && other >= this.#value) this.#value = other + 1;
  }
}
