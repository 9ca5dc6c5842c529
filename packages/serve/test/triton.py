"""What the protocol's own client and onnxruntime say of a server.

    python triton.py HOST:PORT MODEL FILE.onnx SEED

FILE.onnx is what `deepfunctor export --with-distribution` wrote of MODEL. Prints JSON.
"""

import json
import sys

import numpy
import onnxruntime
import tritonclient.http as triton

address, model, file, seed = sys.argv[1:]
client = triton.InferenceServerClient(address, concurrency=8)
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
random = numpy.random.default_rng(int(seed))
metadata = client.get_model_metadata(model)


def feeds(rows):
    return {
        port["name"]: random.random([rows, *port["shape"][1:]], numpy.float32) for port in metadata["inputs"]
    }


def inputs_of(values, binary):
    inputs = []
    for name, value in values.items():
        tensor = triton.InferInput(name, value.shape, "FP32")
        tensor.set_data_from_numpy(value, binary_data=binary)
        inputs.append(tensor)
    return inputs


def outputs_of(binary):
    return [triton.InferRequestedOutput(each["name"], binary_data=binary) for each in metadata["outputs"]]


def off(result, values):
    """How far an answer is from onnxruntime on the exported file; every output has its shape."""
    expected = session.run(None, values)
    found = [result.as_numpy(output.name) for output in session.get_outputs()]
    assert [f.shape for f in found] == [e.shape for e in expected]
    assert all(f.dtype == numpy.float32 for f in found)
    return max(float(abs(f - e).max()) for f, e in zip(found, expected))


worst = {}
for binary in (True, False):
    for rows in (1, 5, 64):
        values = feeds(rows)
        result = client.infer(model, inputs_of(values, binary), outputs=outputs_of(binary), request_id="7")
        assert result.get_response()["id"] == "7"
        worst[f"{'binary' if binary else 'json'} {rows}"] = off(result, values)

# Many at a time, which the server batches.
asked = [feeds(1 + index % 3) for index in range(40)]
handles = [client.async_infer(model, inputs_of(values, True)) for values in asked]
worst["at once"] = max(off(handle.get_result(), values) for handle, values in zip(handles, asked))


def refusal(call):
    try:
        call()
    except triton.InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}


values = feeds(2)
wrong_shape = {name: value[:, ..., :1] for name, value in values.items()}
print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "modelReady": client.is_model_ready(model),
            "otherReady": client.is_model_ready("nothing -> of -> this"),
            "server": client.get_server_metadata(),
            "metadata": metadata,
            "index": client.get_model_repository_index(),
            "ports": [[p.name, p.shape[1:]] for p in [*session.get_inputs(), *session.get_outputs()]],
            "worst": worst,
            "wrongShape": refusal(lambda: client.infer(model, inputs_of(wrong_shape, True))),
            "wrongModel": refusal(lambda: client.infer("digits -> nothing", inputs_of(values, True))),
            "wrongOutput": refusal(
                lambda: client.infer(
                    model, inputs_of(values, True), outputs=[triton.InferRequestedOutput("nothing")]
                )
            ),
        }
    )
)
