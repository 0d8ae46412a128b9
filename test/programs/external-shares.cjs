"use strict";

// Three quarters of the time in one function, a quarter in the other; both too long-running to be inlined.
function threeQuarters() {
  const end = process.hrtime.bigint() + 30_000_000n;
  let x = 0;
  while (process.hrtime.bigint() < end) for (let i = 0; i < 5000; i++) x += Math.sqrt(i);
  return x;
}

function oneQuarter() {
  const end = process.hrtime.bigint() + 10_000_000n;
  let x = 0;
  while (process.hrtime.bigint() < end) for (let i = 0; i < 5000; i++) x += Math.sqrt(i);
  return x;
}

process.stdout.write("ready\n", function main() {
  for (;;) {
    threeQuarters();
    oneQuarter();
  }
});
