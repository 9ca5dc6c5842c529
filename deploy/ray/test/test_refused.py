"""What the command refuses, before it asks a cluster for anything."""

import numpy
import pyarrow
import pyarrow.parquet
import pytest
from conftest import HOST
from deepfunctor_ray.__main__ import main

CHAIN = "binary -> add-one -> binary"


def table(path, columns: dict) -> str:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return str(path)


@pytest.mark.parametrize(
    "columns, told",
    [
        ({"input": pyarrow.array(["0001"])}, "There is no column “key”. [DATA_BROKEN]"),
        ({"key": pyarrow.array(["a"])}, "The column “input” is missing. [DATA_BROKEN]"),
        ({"key": pyarrow.array(["a"]), "input": pyarrow.array([1.5])}, "The column “input” is double. [DATA_BROKEN]"),
    ],
)
def test_a_table_without_what_the_chain_takes_is_refused(export, tmp_path, capsys, columns, told):
    path = table(tmp_path / "set.parquet", columns)
    out = tmp_path / "out"
    assert main([export(CHAIN), "--input", path, "--out", str(out), *HOST]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_what_cannot_be_read_is_told(export, tmp_path, capsys):
    empty, broken = tmp_path / "empty", tmp_path / "broken.parquet"
    empty.mkdir()
    broken.write_bytes(b"PAR1 no more than that")
    for model, given, told in [
        ("none.onnx", empty, "The model cannot be opened: No such file or directory. [INPUT_MISSING]"),
        (str(broken), empty, "This is not a usable ONNX model"),
        (export(CHAIN), empty, "There is no PNG or Parquet file. [DATA_BROKEN]"),
        (export(CHAIN), tmp_path / "nowhere", "it is not there. [INPUT_MISSING]"),
        (export(CHAIN), broken, "The file cannot be read"),
    ]:
        assert main([model, "--input", str(given), "--out", str(tmp_path / "out"), *HOST]) == 2
        assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_results_is_left_as_it_is(export, tmp_path, capsys):
    rows = pyarrow.array([numpy.zeros(4, numpy.float32)], pyarrow.list_(pyarrow.float32()))
    path = table(tmp_path / "set.parquet", {"key": pyarrow.array(["a"]), "input": rows})
    out = tmp_path / "out"
    out.mkdir()
    (out / "part-000000-of-another-run.parquet").write_text("mine")
    assert main([export(CHAIN), "--input", path, "--out", str(out)]) == 2
    assert "[OUTPUT_EXISTS]" in capsys.readouterr().err
    assert [each.name for each in out.iterdir()] == ["part-000000-of-another-run.parquet"]


def test_a_file_in_place_of_the_folder_is_told(export, tmp_path, capsys):
    path = table(tmp_path / "set.parquet", {"key": pyarrow.array(["a"]), "input": pyarrow.array(["0001"])})
    (tmp_path / "out").write_text("mine")
    assert main([export(CHAIN), "--input", path, "--out", str(tmp_path / "out"), *HOST]) == 1
    assert "[OUTPUT_UNWRITABLE]" in capsys.readouterr().err
    assert (tmp_path / "out").read_text() == "mine"


def test_a_host_that_is_not_there_or_has_not_the_plugins_is_told(export, tmp_path, capsys):
    path = table(tmp_path / "set.parquet", {"key": pyarrow.array(["a"]), "input": pyarrow.array(["0001"])})
    ask = [export(CHAIN), "--input", path, "--out", str(tmp_path / "out")]
    assert main([*ask, "--host", "no-such-command"]) == 1
    assert "The host cannot be started: No such file or directory. [ENGINE_MISSING]" in capsys.readouterr().err
    (tmp_path / "package.json").write_text("{}")
    assert main([*ask, *HOST[:2], "--project", str(tmp_path)]) == 1
    assert "CHAIN_UNKNOWN_NAME" in capsys.readouterr().err


def test_a_wrong_call_is_told_with_the_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["chain.onnx", "--input", "a", "--out", "b", "--batch", "0"])
    assert stopped.value.code == 2
    assert "invalid positive value" in capsys.readouterr().err
