"""What is installed has all files that the packages read."""

import subprocess
import tomllib
from fnmatch import fnmatch

from tests.conftest import REPOSITORY

PACKAGES = ("curate", "stages", "filters", "captioners", "training")


def test_every_file_that_is_no_module_is_package_data() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    declared = project["tool"]["setuptools"]["package-data"]
    globs = [f"{package}/{glob}" for package, wanted in declared.items() for glob in wanted]
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout.split()
    others = [name for name in tracked if not name.endswith(".py")]
    assert "training/recipes.yaml" in others
    assert [name for name in others if not any(fnmatch(name, glob) for glob in globs)] == []
