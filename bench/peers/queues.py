# Copyright 2026 The Go Authors. All rights reserved.
# Use of this source code is governed by a BSD-style
# license that can be found in the LICENSE file.

"""Round trips between two asyncio tasks, over two queues: queues.py MILLISECONDS"""

import asyncio
import resource
import sys
import time


def usage():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return (r.ru_utime + r.ru_stime) * 1e9, r.ru_nvcsw + r.ru_nivcsw


async def serve(req, resp):
    while True:
        await resp.put(await req.get() + 1)


async def call(req, resp, n):
    for i in range(n):
        await req.put(i)
        got = await resp.get()
        if got != i + 1:
            sys.exit(f"asked {i}, got {got}")


async def main(ms):
    req, resp = asyncio.Queue(1), asyncio.Queue(1)
    server = asyncio.create_task(serve(req, resp))
    await call(req, resp, 100)
    n = 100
    while True:
        cpu, switches = usage()
        start = time.monotonic_ns()
        await call(req, resp, n)
        wall = time.monotonic_ns() - start
        cpu, switches = usage()[0] - cpu, usage()[1] - switches
        if wall >= ms * 1e6:
            break
        n *= 2
    print(f"BenchmarkRoundTrip/asyncio {n} {wall/n:.2f} ns/op {cpu/n:.2f} cpu-ns/op {switches/n:.7f} csw/op")
    server.cancel()


asyncio.run(main(float(sys.argv[1])))
