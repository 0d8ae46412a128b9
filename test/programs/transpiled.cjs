"use strict";
// Does what tsx and its like do: hands Node JavaScript under the name of a TypeScript file, with the map inside it.
const Module = require("node:module");
const { join } = require("node:path");

const file = join(__dirname, "never-on-disk.ts");
// Line 1, column 0 of the output is line 41, column 0 of the file itself.
const map = { version: 3, sources: ["never-on-disk.ts"], names: [], mappings: "AAwCA" };
const inline = Buffer.from(JSON.stringify(map)).toString("base64");
const built = `function grind() { let x = 0; for (const end = Date.now() + 300; Date.now() < end; ) x += Math.sqrt(x); return x; }
module.exports = grind;
//# sourceMappingURL=data:application/json;base64,${inline}`;

const made = new Module(file);
made.filename = file;
made.paths = [];
made._compile(built, file);
made.exports();
