"""The machine that computed: in meta files, manifest and report, read from made-up machines; unknown for old runs."""

from pathlib import Path

from safe_reasoning.core.files import read_json, write_bytes, write_json
from safe_reasoning.core.machine import in_words, machine
from safe_reasoning.core.provenance import read_meta, write_meta
from safe_reasoning.report.manifest import machines, write_manifest

CPU = """processor\t: 0
model name\t: A Processor 9000
flags\t\t: fpu sse avx2 avx512f amx_bf16

processor\t: 1
model name\t: Another
flags\t\t: fpu
"""


def test_processor_instructions_memory_libraries_and_gpu_are_told(tmp_path: Path):
    write_bytes(tmp_path / "cpuinfo", CPU.encode())
    driver = tmp_path / "driver/nvidia"
    write_bytes(
        driver / "version", b"NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Thu Jan 23\n"
    )
    for bus in ("0000:01:00.0", "0000:02:00.0"):
        write_bytes(driver / "gpus" / bus / "information", b"Model: \t NVIDIA H200\nGPU UUID: \t GPU-1\n")
    found = machine(tmp_path)
    assert found["processor"] == "A Processor 9000"
    assert found["instructions"] == ["avx2", "avx512f", "amx_bf16"]
    assert found["gpus"] == ["NVIDIA H200", "NVIDIA H200"] and found["gpu_driver"] == "570.86.15"
    assert found["cores"] >= 1 and found["memory_gib"] > 0 and "numpy's" in " ".join(found["libraries"])
    line = in_words(found)
    assert line.startswith("A Processor 9000 (avx2, avx512f, amx_bf16); ")
    assert line.endswith("2 x NVIDIA H200; driver 570.86.15") and "UUID" not in line


def test_what_cannot_be_read_is_left_out(tmp_path: Path):
    found = machine(tmp_path)
    assert found["processor"] and not {"instructions", "gpus", "gpu_driver"} & set(found)
    assert in_words({}) == "not noted" and in_words({"processor": "X"}) == "X"


def test_meta_files_tell_it_and_the_manifest_gathers_it(tmp_path: Path):
    write_bytes(tmp_path / "config.yaml", b"run: x")
    write_json(tmp_path / "metrics/old.csv.meta.json", {"commit": "a"})  # from before it was noted
    write_manifest(tmp_path, tmp_path / "manifest.json")
    assert read_json(tmp_path / "manifest.json")["machines"] == []
    write_meta(tmp_path / "metrics/m.csv", {})
    assert read_meta(tmp_path / "metrics/m.csv")["machine"] == machine()
    elsewhere = {"processor": "on the cluster"}
    write_json(tmp_path / "generations/nano/base/rollouts.parquet.meta.json", {"machine": elsewhere})
    assert machines(tmp_path) == [elsewhere, machine()]
    write_manifest(tmp_path, tmp_path / "manifest.json")
    (tmp_path / "generations/nano/base/rollouts.parquet.meta.json").unlink()
    for folder in ("generations/nano/base", "generations/nano", "generations"):
        (tmp_path / folder).rmdir()
    assert machines(tmp_path) == [machine(), elsewhere]  # what is stored of a run keeps it
