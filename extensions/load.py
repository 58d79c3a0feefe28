"""Loads `copier_fly/` for one run of copier: the only file that `copier.yml` names.

An update renders two versions of the template in one process. Imported by name, the second would get the modules of
the first. So each load makes the package under a name of its own, and forgets that name once all is imported:
the modules live as long as the environment that uses them. What a text compiles to is the same for all of them.
"""

from __future__ import annotations

import atexit
import marshal
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from importlib import import_module
from importlib.machinery import FileFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from uuid import uuid4

import jinja2
from jinja2.ext import Extension
from platformdirs import user_cache_path

PACKAGE = Path(__file__).with_name("copier_fly")


class Compiled:
    """What modules and templates compile to, kept for the process, and in the user's cache folder for the next one.

    Python's own cache lies beside the sources, in a clone that lives for seconds. The file has what the last process
    used that compiled anything, so it does not grow. Without it, or where it cannot be written, a copy takes longer.
    """

    def __init__(self) -> None:
        name = f"compiled-{MAGIC_NUMBER.hex()}-jinja-{jinja2.__version__}"
        self._file = user_cache_path("copier-fly") / name
        self._used: dict[bytes, CodeType] = {}
        self._kept: dict[bytes, CodeType] = {}
        with suppress(OSError, EOFError, ValueError, TypeError):
            self._kept = marshal.loads(self._file.read_bytes())
        atexit.register(self.save)

    def of(self, text: bytes, compile_it: Callable[[], CodeType]) -> CodeType:
        """Return what a text compiles to; `text` holds all that this depends on."""
        key = blake2b(text, digest_size=16).digest()
        if key not in self._used:
            self._used[key] = self._kept.get(key) or compile_it()
        return self._used[key]

    def save(self) -> None:
        """Write the file, unless it has all that this process used."""
        if self._used.keys() <= self._kept.keys():
            return
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        with suppress(OSError):
            new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_bytes(marshal.dumps(self._used))
            new.replace(self._file)


if "copier_fly_bytecode" not in sys.modules:
    # This file, too, is loaded again for each environment, by each version: one that changes `of` takes another name.
    sys.modules["copier_fly_bytecode"] = ModuleType("copier_fly_bytecode")
    vars(sys.modules["copier_fly_bytecode"])["compiled"] = Compiled()
COMPILED: Compiled = vars(sys.modules["copier_fly_bytecode"])["compiled"]


class OnceCompiled(SourceFileLoader):
    """Compiles a text once, and writes no bytecode beside it: an update loads four clones that live for seconds."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of a module."""
        text = self.get_data(self.path)
        return COMPILED.of(text, lambda: self.source_to_code(text, self.path))


def load_package() -> ModuleType:
    """Import the package under a new name, and return its module `extension`."""
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

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        load_package().install(environment, COMPILED.of)
