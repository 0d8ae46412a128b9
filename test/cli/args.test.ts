import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { exclusive, integerOption, parseCommand, secondsOption } from "../../src/cli/args.ts";
import { UsageError } from "../../src/core/index.ts";

const options = {
  threads: { type: "string" },
  ordered: { type: "boolean" },
  out: { type: "string", short: "o" },
} as const;

function usage(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof UsageError && message.test(error.message);
}

test("options and operands are told apart, also after --", () => {
  const { values, positionals } = parseCommand(
    ["f.ts", "--threads=3", "-o", "x", "--", "--ordered"],
    options,
  );
  assert.deepEqual({ ...values }, { threads: "3", out: "x" });
  assert.deepEqual(positionals, ["f.ts", "--ordered"]);
});

test("a mistyped option names the one that was meant; a strange one does not", () => {
  assert.throws(
    () => parseCommand(["--thread", "3"], options),
    usage(/^there is no option --thread; did you mean --threads\?$/),
  );
  assert.throws(() => parseCommand(["--celery"], options), usage(/^there is no option --celery$/));
});

test("an option without its value is a usage error", () => {
  assert.throws(() => parseCommand(["--threads"], options), usage(/--threads/));
});

test("numbers are checked, and the message repeats what was typed", () => {
  assert.equal(integerOption("--threads", undefined, 1), undefined);
  assert.equal(integerOption("--threads", "8", 1), 8);
  for (const wrong of ["0", "1.5", "many", "", " ", "1e99"]) {
    assert.throws(
      () => integerOption("--threads", wrong, 1),
      usage(/--threads takes a whole number of at least 1/),
    );
  }
  assert.equal(secondsOption("--timeout", "0.5"), 0.5);
  for (const wrong of ["0", "-1", "soon", "", "Infinity"]) {
    assert.throws(
      () => secondsOption("--timeout", wrong),
      usage(/--timeout takes a number of seconds above 0/),
    );
  }
});

test("of options that exclude each other only one may be given", () => {
  assert.equal(exclusive({ threads: "2", processes: undefined }), "threads");
  assert.equal(exclusive({ threads: undefined }), undefined);
  assert.throws(
    () => exclusive({ threads: "2", processes: "2" }),
    usage(/--threads and --processes exclude/),
  );
});
