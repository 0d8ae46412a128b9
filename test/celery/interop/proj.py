"""The Python side of the interop tests: run as a worker by `celery -A proj worker`, imported by client.py."""
import os
import time

from celery import Celery
from celery.exceptions import Ignore, SoftTimeLimitExceeded

app = Celery("proj", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.update(
    task_default_queue=os.environ.get("QUEUE", "celery"),
    accept_content=["json", "msgpack", "yaml"],
    result_expires=120,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    task_track_started=True,
    worker_direct=True,
    broker_transport_options={"visibility_timeout": 3600},
)


@app.task(name="py.add")
def add(x, y):
    return x + y


@app.task(name="py.mul")
def mul(x, y):
    return x * y


@app.task(name="py.sum")
def total(xs):
    return sum(xs)


@app.task(name="py.echo")
def echo(*args, **kwargs):
    return [list(args), kwargs]


@app.task(name="py.boom")
def boom(*args):
    raise ValueError("boom", 42)


@app.task(name="py.retry", bind=True, max_retries=5)
def retry(self, until):
    if self.request.retries < until:
        raise self.retry(countdown=0, exc=RuntimeError("not yet"))
    return self.request.retries


@app.task(name="py.sleep")
def sleep(seconds):
    time.sleep(seconds)
    return seconds


@app.task(name="py.soft")
def soft(seconds):
    try:
        time.sleep(seconds)
    except SoftTimeLimitExceeded:
        return "cleaned up"


@app.task(name="py.progress", bind=True)
def progress(self):
    self.update_state(state="PROGRESS", meta={"done": 1})
    time.sleep(1.5)
    return "end"


@app.task(name="py.request", bind=True)
def request(self):
    r = self.request
    return {
        "id": r.id, "root_id": r.root_id, "parent_id": r.parent_id, "retries": r.retries,
        "timelimit": list(r.timelimit or []), "priority": r.delivery_info.get("priority"),
        "routing_key": r.delivery_info.get("routing_key"), "mine": (r.headers or {}).get("x-mine") or r.get("x-mine"),
    }


@app.task(name="py.ignored")
def ignored():
    raise Ignore()
