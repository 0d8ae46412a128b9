"use strict";
// A loop without end below very many frames.
function deeper(left) {
  if (left > 0) return deeper(left - 1) + 1;
  for (;;);
}

process.stdout.write("ready\n", () => deeper(2000));
