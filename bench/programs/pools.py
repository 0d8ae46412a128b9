"""Python's pools on the same work; one JSON line per measurement asked for: tiny, map, spin."""
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool


def square(x):
    return x * x


def spin(milliseconds):
    end = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < end:
        pass
    return 0


def rate(count, work):
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def main():
    n = int(sys.argv[2])
    if sys.argv[1] == "submit":
        with ProcessPoolExecutor(2) as pool:
            pool.submit(square, 1).result()
            print(json.dumps(rate(n, lambda: [f.result() for f in [pool.submit(square, i) for i in range(n)]])))
    elif sys.argv[1] == "map":
        with Pool(2) as pool:
            pool.map(square, range(10))
            print(json.dumps(rate(n, lambda: pool.map(square, range(n)))))
    elif sys.argv[1] == "executor-map":
        with ProcessPoolExecutor(2) as pool:
            pool.submit(square, 1).result()
            print(json.dumps(rate(n, lambda: list(pool.map(square, range(n), chunksize=1000)))))


main()
