"""The command of this repository, chains that it exports, and what both judges say."""

import json
import os
import subprocess
import sys
from pathlib import Path

# Before Ray is loaded, here and in what is started from here.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
sys.dont_write_bytecode = True

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
COMMAND = ["node", str(ROOT / "apps/cli/bin/deepfunctor.js")]
#: How the pipeline is told of it.
HOST = ["--host", " ".join(COMMAND), "--project", str(ROOT)]


def deepfunctor(*arguments: str) -> str:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def export(tmp_path_factory):
    """The file of a chain, with its distribution."""
    folder, made = tmp_path_factory.mktemp("chains"), {}

    def chain(text: str) -> str:
        if text not in made:
            made[text] = str(folder / f"{len(made)}.onnx")
            deepfunctor("export", text, "--out", made[text], "--with-distribution")
        return made[text]

    return chain


@pytest.fixture(scope="session")
def examples() -> list[Path]:
    """The handwritten digits of the repository."""
    found = sorted((ROOT / "examples/digits").glob("*.png"))
    assert len(found) >= 40
    return found


@pytest.fixture(scope="session")
def answers_of_host(examples):
    """For a chain, what the host itself answers to each example: the distribution at the end."""

    def answers(text: str) -> dict[str, list[float]]:
        inputs = [argument for path in examples for argument in ("--input", str(path))]
        told = json.loads(deepfunctor("run", text, "--json", *inputs))["answers"]
        return {path.name: [label["p"] for label in answer["distribution"]] for path, answer in zip(examples, told)}

    return answers
