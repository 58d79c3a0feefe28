"""Loads `copier_fly/` for one run of copier: the only file that `copier.yml` names.

An update renders two versions of the template in one process. Imported by name, the second would get the modules of
the first. So each load makes the package under a name of its own, and forgets that name once all is imported:
the modules live as long as the environment that uses them. What a text compiles to is the same for all of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import FileFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from uuid import uuid4

from jinja2 import Environment
from jinja2.ext import Extension

PACKAGE = Path(__file__).with_name("copier_fly")
# This file, too, is loaded anew each time.
CODE: dict[Any, CodeType] = vars(sys.modules.setdefault("copier_fly_code", ModuleType("copier_fly_code")))


class OnceCompiled(SourceFileLoader):
    """Compiles a text once in a process, and writes no bytecode: an update loads four clones that live for seconds."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of a module."""
        text = self.get_data(self.path)
        if text not in CODE:
            CODE[text] = self.source_to_code(text, self.path)
        return CODE[text]


def load_package() -> ModuleType:
    """Import the package anew, and return its module `extension`."""
    name = f"copier_fly_{uuid4().hex}"
    for folder in (PACKAGE, *(path for path in PACKAGE.rglob("*") if path.is_dir())):
        sys.path_importer_cache[str(folder)] = FileFinder(str(folder), (OnceCompiled, [".py"]))
    # An `__init__.py` gives the package its search path, so relative imports inside find its own files.
    file = str(PACKAGE / "__init__.py")
    spec = spec_from_file_location(name, file, loader=OnceCompiled(name, file))
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
