"""Python Celery's side of the chaos run, at its safest settings: late acknowledgement, a short visibility timeout."""
import os
import time

from celery import Celery

app = Celery("chaos", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.update(
    task_default_queue=os.environ["QUEUE"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=4,
    result_expires=600,
    broker_transport_options={"visibility_timeout": 5} if os.environ["BROKER"].startswith("redis") else {},
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_hijack_root_logger=False,
)
RUNS = os.open(os.environ["RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def note(mark, id):
    os.write(RUNS, f"{mark} {id} {os.getpid()} {os.getppid()} {int(time.time() * 1000)}\n".encode())


@app.task(name="chaos.add")
def add(id, more):
    note("S", id)
    time.sleep(0.005)
    note("E", id)
    return id + more


@app.task(name="chaos.sum")
def total(numbers):
    return sum(numbers)
