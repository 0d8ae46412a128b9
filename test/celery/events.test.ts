import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Celery } from "spool/celery";
import { EventSender } from "../../src/celery/events/sender.ts";
import { LamportClock } from "../../src/celery/lamport.ts";
import { Proxy } from "./support/proxy.ts";
import { available, unique } from "./support/services.ts";

if (await available("redis")) {
  test("events that a broker which is away does not take are dropped, not kept", async () => {
    await using proxy = await Proxy.before(6379);
    const prefix = { brokerTransportOptions: { global_keyprefix: `${unique("events")}:` }, backend: null };
    const far = new Celery("far", { broker: `redis://127.0.0.1:${proxy.port}/5`, ...prefix });
    const near = new Celery("near", { broker: "redis://127.0.0.1:6379/5", ...prefix });
    const seen: number[] = [];
    const all = Promise.withResolvers<void>();
    const listener = await near.events.listen((event) => {
      seen.push(event["number"] as number);
      if (event["number"] === "last") all.resolve();
    });
    const broker = await far.runtime.connections.broker();
    const sender = new EventSender("far@test", far.settings.eventExchange, broker, new LamportClock(), true);
    await proxy.cut();
    const sent = Array.from({ length: 3000 }, (_, number) => sender.worker("worker-heartbeat", { number }));
    proxy.mend();
    await Promise.all(sent);
    await sender.worker("worker-heartbeat", { number: "last" });
    await all.promise;
    assert.deepEqual(seen, [...Array(1000).keys(), "last"]);
    await listener.close();
    await far.close();
    await near.close();
  });
}
