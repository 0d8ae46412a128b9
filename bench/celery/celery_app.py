"""Python Celery's side of the benchmark: a no-op task, prefork with two processes."""
import os

from celery import Celery

app = Celery("bench", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.update(task_default_queue=os.environ["NODE_NAME"] + ".idle", result_expires=300, worker_hijack_root_logger=False)


@app.task(name="bench.noop")
def noop():
    return None
