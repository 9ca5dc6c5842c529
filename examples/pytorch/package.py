"""Writes a plugin's package: package.json with the manifest, and ONNX files. The host asks for nothing else."""

import argparse
import hashlib
import inspect
import io
import json
from pathlib import Path

import onnx
import torch


def exported(model: torch.nn.Module, shape: tuple[int, ...], given: str, made: str) -> bytes:
    """A model of rows of this shape as ONNX: opset 17, a dynamic first axis, weights inside."""
    settings = dict(opset_version=17, input_names=[given], output_names=[made])
    settings["dynamic_axes"] = {given: {0: "n"}, made: {0: "n"}}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        settings["dynamo"] = False  # the exporter that takes these settings
    file = io.BytesIO()
    rows = torch.ones(2, *shape)  # a latent is never zero
    torch.onnx.export(model.eval(), rows, file, **settings)
    written = onnx.load_from_string(file.getvalue())
    # The exporter names axes that it cannot infer; the contract wants their sizes, of all but the first.
    for dimension, size in zip(written.graph.output[0].type.tensor_type.shape.dim[1:], model(rows).shape[1:]):
        dimension.dim_value = size
    onnx.checker.check_model(written, full_check=True)
    return written.SerializeToString()


def port(contract) -> dict:
    """Where a plugin meets others: which category, which versions of its contract, learned in which space."""
    category = contract.category
    major = category["version"].split(".")[0]
    return {"category": category["name"], "contract": f"^{major}.0.0", "space": category["digest"]}


def arguments(description: str, out: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    core = Path("node_modules/@deepfunctor/core")
    parser.add_argument("--core", type=Path, default=core, help="folder of the package with the published contract")
    parser.add_argument("--category", default="fuzzy-digits")
    parser.add_argument("--out", type=Path, default=Path(out), help="folder of the new package")
    return parser.parse_args()


def write(out: Path, core: Path, manifest: dict, models: dict[str, bytes], card: dict) -> None:
    """Write the folder, which must be new or empty; `core` is the folder of @deepfunctor/core that it was made with."""
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} exists already: choose another folder, or remove it.")
    version = json.loads((core / "package.json").read_text())["version"]
    files = {
        name: {"path": f"{name}.onnx", "sha256": hashlib.sha256(model).hexdigest(), "bytes": len(model)}
        for name, model in models.items()
    }
    package = {
        "name": out.resolve().name,
        "version": "0.1.0",
        "license": "MIT",
        "keywords": ["deepfunctor-plugin"],
        "exports": {"./package.json": "./package.json"},
        "files": ["*.onnx"],
        "peerDependencies": {"@deepfunctor/core": f"^{version}"},
        "deepfunctor": {"manifest": 1, **manifest, "files": files, "card": {"mode": "frozen", **card}},
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, model in models.items():
        (out / f"{name}.onnx").write_bytes(model)
    (out / "package.json").write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for what, figure in card["measured"].items():
        print(f"  {what}: {figure}")
    print(f"The package is in {out}.")
