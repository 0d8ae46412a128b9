import "../support/leaks.ts";
import { test } from "node:test";
import { Celery, chain, chord, group, type Signature } from "spool/celery";

/** Checked by the compiler: a line marked as an error that compiles is itself an error. */
function typesOnly(): void {
  const app = new Celery("types");
  const add = app.task("add", (x: number, y: number) => x + y);
  const shout = app.task("shout", async (text: string) => text.toUpperCase());
  const sum = app.task("sum", (xs: number[]) => xs.length);
  const bound = app.task("bound", (self, x: number) => self.retries + x, { bind: true });

  void add.delay(1, 2);
  // @ts-expect-error a text where a number belongs
  void add.delay(1, "2");
  // @ts-expect-error one argument too few
  void add.delay(1);
  // @ts-expect-error one argument too many
  void add.delay(1, 2, 3);
  void bound.delay(1);
  // @ts-expect-error the request is not for the caller to give
  void bound.delay({}, 1);
  // @ts-expect-error
  void add.applyAsync(["1", 2]);

  const three: Promise<number> = add.delay(1, 2).get();
  void three;
  const loud: Promise<string> = shout.delay("a").get();
  void loud;
  // @ts-expect-error the result is a number
  const wrong: Promise<string> = add.delay(1, 2).get();
  void wrong;

  const partial: Signature<[x: number], number> = add.s(4);
  void partial.delay(1);
  // @ts-expect-error the missing argument is a number
  void partial.delay("1");
  // @ts-expect-error
  add.s("4");

  const chained: Promise<number> = chain(add.s(1, 2), add.s(3), add.s(4)).delay().get();
  void chained;
  // @ts-expect-error a number goes into a task that takes a text
  chain(add.s(1, 2), shout.s());
  // @ts-expect-error the second step has no room for the first one's result
  chain(add.s(1, 2), add.s(3, 4));
  chain(add.s(1, 2), add.si(3, 4));
  chain(shout.s("a"), shout.s(), shout.s());

  const both: Promise<[number, string]> = group(add.s(1, 2), shout.s("a")).delay().get();
  void both;
  const many: Promise<number[]> = group([1, 2].map((n) => add.s(n, n)))
    .delay()
    .get();
  void many;

  chord([add.s(1, 2), add.s(3, 4)], sum.s());
  // @ts-expect-error texts go into a body that takes numbers
  chord([shout.s("a")], sum.s());
  // @ts-expect-error the body takes one number, not the list
  chord([add.s(1, 2)], add.s(1));
}

test("wrong argument types do not compile", () => {
  void typesOnly;
});
