"""The Python client of the interop tests: sends to a worker in TypeScript and prints one JSON line for each row."""
import json
import os
import sys
import time
import traceback
from datetime import datetime, timedelta, timezone

from celery import Celery, chain, chord, group
from celery.utils.nodenames import worker_direct
from proj import app

Q = os.environ["QUEUE"]
STORED = os.environ["BACKEND"] != "rpc://"
NODE = Q + "@ts"


def ts(name, *args, **kwargs):
    return app.signature("ts." + name, args=args, kwargs=kwargs, queue=Q)


def error_of(result):
    try:
        result.get(timeout=15)
    except Exception as exc:  # noqa: BLE001 - the error is the answer
        return [type(exc).__name__, [str(a) for a in exc.args]]
    return None


def get(signature, **options):
    return signature.apply_async(**options).get(timeout=15)


def updates():
    result = ts("progress").apply_async()
    seen = []
    result.get(timeout=15, on_message=lambda m: seen.append(m["status"]))
    return [s for s in seen if s == "PROGRESS"][:1] + [result.state]


def until_seen(requests, result):
    """The worker itself says that it has the task; stored states need not have arrived, or come through another worker."""
    inspect = app.control.inspect([NODE], timeout=15)
    while result.id not in [request["id"] for request in requests(inspect)]:
        pass


def revoke_eta():
    result = ts("add", 1, 2).apply_async(countdown=30)
    until_seen(lambda inspect: [entry["request"] for entry in inspect.scheduled()[NODE]], result)
    result.revoke()
    return error_of(result)


def terminate():
    result = ts("sleep", 30).apply_async()
    until_seen(lambda inspect: inspect.active()[NODE], result)
    result.revoke(terminate=True)
    return error_of(result)


def child_of_link():
    result = ts("add", 1, 2).apply_async(link=ts("add", 10))
    result.get(timeout=15)
    return result.children[0].get(timeout=15)


def ignored():
    result = ts("add", 1, 2).apply_async(ignore_result=True)
    get(ts("add", 1, 1))
    return result.state


def errback():
    result = ts("boom").apply_async(link_error=ts("errback"), task_id="eb-" + Q)
    error_of(result)
    for _ in range(50):
        seen = get(ts("errbacks"))
        if seen:
            return seen
        time.sleep(0.1)


def from_another(**conf):
    """From an app with other settings: an old one, or one that counts in its own time zone."""
    other = Celery("other", broker=app.conf.broker_url, backend=app.conf.result_backend)
    other.conf.update(conf)
    return other.send_task("ts.add", (1, 2), queue=Q, countdown=0.3).get(timeout=15)


ROWS = {
    "args": lambda: get(ts("add", 1, 2)),
    "kwargs": lambda: get(ts("add", x=1, y=2)),
    "mixed": lambda: get(ts("add", 1, y=2)),
    "echo": lambda: get(ts("echo", "é\u2028\"", None, [1, [2.5, True]], {"a": 1})),
    "bigint": lambda: get(ts("echo", 2 ** 70)) == [2 ** 70],
    "nan": lambda: str(get(ts("echo", float("nan"), float("inf")))),
    "error": lambda: error_of(ts("boom").apply_async()),
    "js_error": lambda: error_of(ts("typeerror").apply_async()),
    "wrong_args": lambda: error_of(ts("mul", 1, 2, 3).apply_async()),
    "unknown": lambda: error_of(ts("nosuch").apply_async()),
    "retry": lambda: get(ts("retry", 2)),
    "countdown": lambda: get(ts("add", 1, 2), countdown=0.3),
    "eta": lambda: get(ts("add", 1, 2), eta=datetime.now(timezone.utc) + timedelta(seconds=0.3)),
    "revoke_eta": revoke_eta,
    "terminate": terminate,
    "soft_limit": lambda: error_of(ts("sleep", 30).apply_async(soft_time_limit=0.3)),
    "hard_limit": lambda: error_of(ts("sleep", 30).apply_async(time_limit=0.3)),
    "chain": lambda: get(chain(ts("add", 1, 2), ts("mul", 3), ts("add", 1))),
    "failing_chain": lambda: error_of(chain(ts("add", 1, 2), ts("boom"), ts("add", 1)).apply_async()),
    "group": lambda: group(ts("add", 1, 2), ts("mul", 3, 4)).apply_async().get(timeout=15),
    "request": lambda: get(ts("request"), headers={"x-mine": "1"}, time_limit=9, soft_time_limit=5, priority=3),
    "gzip": lambda: get(ts("add", 1, 2), compression="gzip"),
    "msgpack": lambda: get(ts("echo", 1, "a", None), serializer="msgpack"),
    "yaml": lambda: get(ts("echo", 1, {"a": [True, "yes"]}), serializer="yaml"),
    "ignored": ignored,
    "map": lambda: [get(app.tasks["ts.add"].starmap([(1, 2), (3, 4)]).set(queue=Q)),
                    get(app.tasks["ts.total"].map([[1, 2], [3]]).set(queue=Q))],
    "progress": updates,
    "protocol_1": lambda: from_another(task_protocol=1),
    "other_time_zone": lambda: from_another(timezone="Asia/Tokyo", enable_utc=False),
    "direct": lambda: get(ts("add", 1, 2), queue=worker_direct(NODE)),
}
STORED_ROWS = {
    "expired": lambda: error_of(ts("add", 1, 2).apply_async(expires=-1)) if "amqp" not in os.environ["BROKER"] else None,
    "link": child_of_link,
    "errback": errback,
    "chord": lambda: get(chord([ts("add", 1, 2), ts("mul", 3, 4)], ts("total"))),
    "failing_chord": lambda: error_of(app.AsyncResult(chord([ts("add", 1, 2), ts("boom")], ts("total")).apply_async().id)),
    "chain_group": lambda: get(chain(ts("add", 1, 1), group(ts("add", 1), ts("add", 2)), ts("total"), ts("mul", 10))),
    "chord_of_chains": lambda: get(chord([chain(ts("add", 1, 1), ts("mul", 5)), ts("add", 1, 2)], ts("total"))),
    "chord_with_chain_body": lambda: get(chord([ts("add", 1, 2), ts("add", 3, 4)], chain(ts("total"), ts("mul", 2)))),
    "group_in_group": lambda: sorted(get(chord([group(ts("add", 1, 2), ts("add", 3, 4)), ts("add", 5, 6)], ts("ident")))),
    "replaced": lambda: get(chain(ts("replace", 4), ts("add", 1))),
}


@app.task(name="ts.add")
def _add(x, y):
    raise NotImplementedError


@app.task(name="ts.total")
def _total(xs):
    raise NotImplementedError


def main():
    rows = {**ROWS, **(STORED_ROWS if STORED else {})}
    for name, row in rows.items():
        try:
            value = row()
        except Exception:  # noqa: BLE001 - reported to the test
            value = {"raised": traceback.format_exc(limit=-3)}
        print(json.dumps([name, value]), flush=True)


if __name__ == "__main__":
    main()
    sys.exit(0)
