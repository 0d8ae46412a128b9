const { ClusterWorker } = require("poolifier");
const { run } = require("./task.mjs");
module.exports = new ClusterWorker((data) => run(data.input));
