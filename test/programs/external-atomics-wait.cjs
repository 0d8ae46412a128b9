"use strict";

const flag = new Int32Array(new SharedArrayBuffer(4));

function waitHere() {
  Atomics.wait(flag, 0, 0);
}

process.stdout.write("ready\n", () => waitHere());
