"""Dagster can load the project as its files say, from wherever it is called."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def program(name):
    """A command of the environment that runs the tests; skipped by name where it is missing."""
    found = Path(sys.executable).with_name(name)
    if not found.exists():
        pytest.skip(f"'{name}' is not installed")
    return str(found)


def run(command, home, cwd):
    """Without anything of the caller's: no world is named, and nothing is told to anybody."""
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "DAGSTER_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "NO_COLOR": "1",
        "LANG": "C.UTF-8",
    }
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_dg_check_defs_passes(tmp_path):
    done = run([program("dg"), "check", "defs"], tmp_path, ROOT)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "All definitions loaded successfully" in done.stdout


def test_the_workspace_loads_from_a_foreign_folder(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    workspace = str(ROOT / "workspace.yaml")
    done = run([program("dagster"), "definitions", "validate", "-w", workspace], home, elsewhere)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation successful for code location countersign" in done.stdout


def test_dagster_plus_can_read_its_file():
    models = pytest.importorskip("dagster_cloud_cli.config.models")
    read = models.load_dagster_cloud_yaml((ROOT / "dagster_cloud.yaml").read_text())

    (location,) = read.locations
    assert location.location_name == "countersign"
    assert location.code_source.module_name == "release_assets.definitions"


def test_every_file_names_the_same_code_location():
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    (place,) = workspace["load_from"]
    cloud = yaml.safe_load((ROOT / "dagster_cloud.yaml").read_text())["locations"][0]

    assert place["python_file"]["location_name"] == cloud["location_name"]
    module = cloud["code_source"]["module_name"].replace(".", "/")
    assert place["python_file"]["relative_path"] == f"{module}.py"
