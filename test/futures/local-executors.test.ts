import "../support/leaks.ts";
import { suite } from "node:test";
import { EventLoopExecutor, InlineExecutor } from "spool/futures";
import { executorContract } from "./contract.ts";

suite("EventLoopExecutor", () => {
  executorContract((maxWorkers = 1) => new EventLoopExecutor({ maxWorkers }), { remote: false });
});

suite("InlineExecutor", () => {
  executorContract(() => new InlineExecutor(), { remote: false, inline: true });
});
