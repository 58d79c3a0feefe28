"""Loads `copier_fly/` for one run of copier: the only file that `copier.yml` names.

An update renders two versions of the template in one process. Imported by name, the second would get the modules of
the first. So each load makes the package under a name of its own, and forgets that name once all is imported:
the modules live as long as the environment that uses them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from jinja2 import Environment
from jinja2.ext import Extension

PACKAGE = Path(__file__).with_name("copier_fly")


def load_package() -> ModuleType:
    """Import the package anew, and return its module `extension`."""
    name = f"copier_fly_{uuid4().hex}"
    # An `__init__.py` gives the package its search path, so relative imports inside find its own files.
    spec = spec_from_file_location(name, PACKAGE / "__init__.py")
    assert spec and spec.loader
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    try:
        return import_module(f"{name}.extension")
    finally:
        for loaded in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
            del sys.modules[loaded]


class CopierFly(Extension):
    """Adds all that the template needs to a Jinja environment (see `copier_fly/extension.py`)."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        load_package().install(environment)
