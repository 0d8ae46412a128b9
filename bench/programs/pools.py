"""Python's pools on the same work: two workers, one figure on stdout. `pools.py WHAT [NUMBER ...]`."""
import array
import json
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import get_context

WORKERS = 2


def square(x):
    return x * x


def burn(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return x


def echo(value):
    return value


def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(values):
    return sorted(values)[len(values) // 2]


def executor():
    pool = ProcessPoolExecutor(WORKERS)
    list(pool.map(square, range(20)))
    return pool


def old_pool():
    pool = get_context("fork").Pool(WORKERS)
    pool.map(square, range(20))
    return pool


def one_ms():
    """Steps of `burn` that take a millisecond here."""
    burn(100_000)
    return int(100_000 / (min(seconds(lambda: burn(100_000)) for _ in range(5)) * 1000))


def submit(count):
    with executor() as pool:
        return count / seconds(lambda: [f.result() for f in [pool.submit(square, i) for i in range(count)]])


def apply_async(count):
    with old_pool() as pool:
        return count / seconds(lambda: [r.get() for r in [pool.apply_async(square, (i,)) for i in range(count)]])


def submit_few(count, width):
    def work():
        left, pending = count, set()
        while left or pending:
            while left and len(pending) < width:
                pending.add(pool.submit(square, left))
                left -= 1
            pending = wait(pending, return_when=FIRST_COMPLETED).not_done

    with executor() as pool:
        return count / seconds(work)


def pool_map(count):
    with old_pool() as pool:
        return count / seconds(lambda: pool.map(square, range(count)))


def imap_unordered(count):
    with old_pool() as pool:
        return count / seconds(lambda: list(pool.imap_unordered(square, range(count), chunksize=100)))


def executor_map(count):
    with executor() as pool:
        return count / seconds(lambda: list(pool.map(square, range(count), chunksize=1000)))


def cpu_serial(count):
    steps = one_ms()
    return seconds(lambda: [burn(steps) for _ in range(count)]) / WORKERS


def cpu_submit(count):
    steps = one_ms()
    with executor() as pool:
        return seconds(lambda: [f.result() for f in [pool.submit(burn, steps) for _ in range(count)]])


def cpu_map(count):
    steps = one_ms()
    with old_pool() as pool:
        return seconds(lambda: pool.map(burn, [steps] * count))


def echo_submit(trips):
    data = array.array("d", [1.5]) * (1024 * 1024)
    with executor() as pool:
        return 2 * 8 * len(data) * trips / seconds(lambda: [pool.submit(echo, data).result() for _ in range(trips)])


def echo_apply(trips):
    data = array.array("d", [1.5]) * (1024 * 1024)
    with old_pool() as pool:
        return 2 * 8 * len(data) * trips / seconds(lambda: [pool.apply(echo, (data,)) for _ in range(trips)])


def latency_submit(count):
    with executor() as pool:
        return median([seconds(lambda: pool.submit(square, i).result()) for i in range(count)])


def latency_apply(count):
    with old_pool() as pool:
        return median([seconds(lambda: pool.apply(square, (i,))) for i in range(count)])


def cold_executor():
    def work():
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            nonlocal took
            pool.submit(square, 1).result()
            took = time.perf_counter() - started

    took, started = 0.0, time.perf_counter()
    work()
    return took


def main():
    what, *numbers = sys.argv[1:]
    print(json.dumps(globals()[what](*map(int, numbers))))


if __name__ == "__main__":
    main()
