import { sampleExternal } from "../../src/profile/external/index.ts";

// Samples the given process until it ends, says so, and stays.
const recording = sampleExternal(Number(process.argv[2]), { rate: 500 });
setTimeout(() => process.stdout.write("ready\n"), 50);
await recording;
process.stdout.write("ended\n");
setInterval(() => {}, 1 << 30);
