"""The server that `deepfunctor serve` is measured against: onnxruntime behind FastAPI and uvicorn, one worker.

    python serve_fastapi.py FILE.onnx [inline|threads]

It speaks the part of the Open Inference Protocol that the benchmark sends, binary tensors in and out, with no checks that
would cost it time. `inline` runs the model in the event loop, one thread; `threads` in the thread pool, each run on one
thread. Prints its port, then serves until it is killed.
"""

import socket
import sys

import numpy
import onnxruntime
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

file, mode = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "inline"
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
app = FastAPI()


@app.get("/v2/health/ready")
async def ready():
    return {"ready": True}


@app.post("/v2/models/{name}/infer")
async def infer(name: str, request: Request):
    body = await request.body()
    length = int(request.headers["inference-header-content-length"])
    feeds, at = {}, length
    for tensor in orjson.loads(body[:length])["inputs"]:
        size = tensor["parameters"]["binary_data_size"]
        feeds[tensor["name"]] = numpy.frombuffer(body, numpy.float32, size // 4, at).reshape(tensor["shape"])
        at += size
    if mode == "threads":
        values = await run_in_threadpool(session.run, names, feeds)
    else:
        values = session.run(names, feeds)
    outputs = [
        {"name": n, "datatype": "FP32", "shape": v.shape, "parameters": {"binary_data_size": v.nbytes}}
        for n, v in zip(names, values)
    ]
    header = orjson.dumps({"model_name": name, "model_version": "1", "outputs": outputs})
    return Response(
        header + b"".join(v.tobytes() for v in values),
        media_type="application/octet-stream",
        headers={"inference-header-content-length": str(len(header))},
    )


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run(sockets=[listener])
