"use strict";
setInterval(() => {}, 1 << 30);
process.stdout.write("ready\n");
