"""Python's client for the benchmark: sends no-op tasks, or waits for one after the other, and prints figures as JSON."""
import json
import sys
import time

from celery_app import app, noop

mode, queue, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
if mode == "enqueue":
    noop.apply_async(queue=queue, ignore_result=True)
    started = time.perf_counter()
    for _ in range(count - 1):
        noop.apply_async(queue=queue, ignore_result=True)
    print(json.dumps((count - 1) / (time.perf_counter() - started)))
else:
    waits = []
    for _ in range(count):
        started = time.perf_counter()
        noop.apply_async(queue=queue).get(timeout=30)
        waits.append((time.perf_counter() - started) * 1000)
    print(json.dumps(waits))
