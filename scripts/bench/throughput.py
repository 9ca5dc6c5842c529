"""Run all rows through an exported chain, again and again; one line of JSON for each that is read."""
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy
import onnxruntime

folder, count = sys.argv[1], int(sys.argv[2])
rows = numpy.fromfile(f"{folder}/rows.f32", numpy.float32).reshape(count, 1, 28, 28)
opened = {}


def session(threads, index):
    if (threads, index) not in opened:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        opened[threads, index] = onnxruntime.InferenceSession(
            f"{folder}/chain.onnx", options, providers=["CPUExecutionProvider"]
        )
    return opened[threads, index]


def run(each, part, batch):
    return [each.run(["output"], {"input": part[at : at + batch]})[0] for at in range(0, len(part), batch)]


for line in sys.stdin:
    asked = json.loads(line)
    sessions = [session(asked["threads"], index) for index in range(asked["sessions"])]
    parts = numpy.array_split(rows, len(sessions))
    with ThreadPoolExecutor(len(sessions)) as pool:
        begun = time.perf_counter()
        if len(sessions) == 1:
            found = run(sessions[0], rows, asked["batch"])
        else:
            found = list(pool.map(lambda each, part: run(each, part, asked["batch"]), sessions, parts))
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds}), flush=True)
