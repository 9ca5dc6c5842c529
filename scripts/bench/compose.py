"""Compose a chain with onnx.compose, again and again; one line of JSON for each that is read."""
import json
import sys
import time

import onnx
from onnx import compose

models = []
for line in sys.stdin:
    asked = json.loads(line)
    if "files" in asked:
        loaded = {path: onnx.load(path) for path in set(asked["files"])}
        models = [loaded[path] for path in asked["files"]]
        print("{}", flush=True)
        continue
    begun = time.perf_counter()
    whole = compose.add_prefix(models[0], "m0/")
    output = "m0/latent"
    for index, model in enumerate(models[1:], 1):
        taken = model.graph.input[0].name
        whole = compose.merge_models(whole, model, io_map=[(output, taken)], prefix2=f"m{index}/")
        output = f"m{index}/{model.graph.output[0].name}"
    content = whole.SerializeToString()
    print(json.dumps({"seconds": time.perf_counter() - begun, "bytes": len(content)}), flush=True)
