"""Tools of the machine that some of these tests run: with CI=true a missing one is a failure, else it is told."""

import os
import shutil
from collections.abc import Callable

import pytest

Tool = Callable[[str], str]


@pytest.fixture
def tool() -> Tool:
    """The path of a program by its name."""

    def find(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
        if found is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed on this machine")
        return found

    return find
