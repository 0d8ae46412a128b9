"use strict";
const { execSync } = require("node:child_process");

function callOut() {
  // The child says so once the parent is inside the call.
  execSync("echo ready; exec sleep 60", { stdio: "inherit" });
}

callOut();
