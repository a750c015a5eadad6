"""What a script imports when it runs: found in the source, function by function, so that an import
inside a function counts only if the function can be called.

A function or class is reached when something reached names it; a module that is handed around as a
value is reached whole. So the result may hold more than a run imports, never less, as long as no
name is looked up by a string (but
`importlib.import_module(f"safe_reasoning.report.figures.{name}")` is known).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
OURS = "safe_reasoning"
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def file_of(module: str) -> Path | None:
    """The file of one of our modules, None when there is none of that name."""
    path = SOURCE.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


@dataclass
class Module:
    """A parsed file: what runs when it is imported, what runs when a name of it is used, and what
    its names are bound to by imports.
    """

    name: str
    path: Path
    body: list[ast.AST] = field(default_factory=list)
    definitions: dict[str, ast.AST] = field(default_factory=dict)
    imported: dict[str, tuple[str, str | None]] = field(
        default_factory=dict
    )  # name: module, and the name in it; None: the module itself


def parse(name: str, path: Path, text: str) -> Module:
    """Take a file apart."""
    tree, module = ast.parse(text), Module(name, path)
    for statement in tree.body:
        if isinstance(statement, Definition):
            module.definitions[statement.name] = statement
            module.body += _at_definition(statement)
        else:
            module.body.append(statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module.imported[alias.asname or alias.name.split(".")[0]] = (alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                target = f"{node.module}.{alias.name}"
                is_module = str(node.module).startswith(OURS) and file_of(target)
                module.imported[alias.asname or alias.name] = (
                    (target, None) if is_module else (str(node.module), alias.name)
                )
    return module


def _at_definition(definition: Definition) -> list[ast.AST]:
    """What runs when a function or class is defined: decorators, defaults, bases, and a class's own
    statements.
    """
    if isinstance(definition, ast.ClassDef):
        own = [node for node in definition.body if not isinstance(node, Definition)]
        return [*definition.decorator_list, *definition.bases, *definition.keywords, *own]
    return [
        *definition.decorator_list,
        *definition.args.defaults,
        *(node for node in definition.args.kw_defaults if node),
    ]


@cache
def our_module(name: str) -> Module | None:
    """One of our modules by its name; None when there is none."""
    path = file_of(name)
    return parse(name, path, path.read_text()) if path else None


class Reach:
    """Follows a file and keeps what it reaches.

    Args:
        start: the file to run.
        never: pairs of our modules; an import of the second in the first is not followed.

    Attributes:
        packages: top-level names of packages, neither ours nor Python's own, each with one place
        that imports it.
        refused: the pairs of `never` that were met.
    """

    def __init__(self, start: Module, never: Collection[tuple[str, str]] = ()) -> None:
        self.packages: dict[str, str] = {}
        self.refused: set[tuple[str, str]] = set()
        self._never = set(never)
        self._seen: set[tuple[str, str]] = set()
        self._whole(start)

    def _whole(self, module: Module) -> None:
        self._run(module)
        for name in module.definitions:
            self._use(module, name)

    def _run(self, module: Module) -> None:
        """Follow the import of a module, and of the packages it lies in."""
        if (module.name, "") in self._seen:
            return
        self._seen.add((module.name, ""))
        parts = module.name.split(".")
        for parent in (our_module(".".join(parts[:end])) for end in range(1, len(parts))):
            if parent:
                self._run(parent)
        for node in module.body:
            self._follow(module, node)

    def _use(self, module: Module, name: str) -> None:
        """Follow the use of a module's name."""
        if (module.name, name) in self._seen:
            return
        self._seen.add((module.name, name))
        if name in module.definitions:
            self._follow(module, module.definitions[name])
        elif name in module.imported:
            target, inner = module.imported[name]
            other = our_module(target)
            if other and (module.name, other.name) not in self._never:
                self._run(other)
                self._whole(other) if inner is None else self._use(other, inner)

    def _follow(self, module: Module, root: ast.AST) -> None:
        for node in _executed(root):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(module, node)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                target, inner = module.imported.get(node.value.id, ("", None))
                other = our_module(target) if inner is None else None
                if other:
                    if (module.name, other.name) not in self._never:
                        self._use(other, node.attr)
                else:
                    self._use(module, node.value.id)
            elif isinstance(node, ast.Name):
                self._use(module, node.id)
            elif isinstance(node, ast.Attribute) and (package := _package_by_name(node.value)):
                for other in _modules_of(package):
                    if (module.name, other.name) not in self._never:
                        self._run(other)
                        self._use(other, node.attr)
            elif package := _package_by_name(node):
                for other in _modules_of(package):
                    self._whole(other)

    def _import(self, module: Module, node: ast.Import | ast.ImportFrom) -> None:
        first = str(node.module) if isinstance(node, ast.ImportFrom) else ""
        targets = [f"{first}.{alias.name}" if first else alias.name for alias in node.names]
        for target in [first, *targets] if first else targets:
            other = our_module(target)
            if other is None:
                top = target.split(".")[0]
                if top != OURS and top not in sys.stdlib_module_names:
                    self.packages.setdefault(top, f"{module.path.relative_to(ROOT)}:{node.lineno}")
            elif (module.name, other.name) in self._never:
                self.refused.add((module.name, other.name))
            else:
                self._run(other)


def _package_by_name(node: ast.AST) -> str:
    """The package of ours of which `importlib.import_module(f"safe_reasoning.package.{name}")`
    imports a module; empty for any other node.
    """
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != "importlib.import_module":
        return ""
    name = node.args[0]
    prefix = (
        str(name.values[0].value)
        if isinstance(name, ast.JoinedStr) and isinstance(name.values[0], ast.Constant)
        else ""
    )
    return prefix if prefix.startswith(f"{OURS}.") and prefix.endswith(".") else ""


def _modules_of(package: str) -> list[Module]:
    """The modules of a package of ours, whose name ends with a dot."""
    paths = sorted(SOURCE.joinpath(*package.rstrip(".").split(".")).glob("*.py"))
    return [other for path in paths if path.stem != "__init__" and (other := our_module(package + path.stem))]


def _executed(root: ast.AST) -> Iterator[ast.AST]:
    """The nodes that may run: without annotations of functions, without what is for type checkers
    only. An attribute of a name hides the name.
    """
    if isinstance(root, ast.If) and "TYPE_CHECKING" in ast.unparse(root.test):
        return
    yield root
    for name, value in ast.iter_fields(root):
        if (isinstance(root, ast.arg) and name == "annotation") or name == "returns":
            continue
        if isinstance(root, ast.Attribute) and (
            isinstance(root.value, ast.Name) or _package_by_name(root.value)
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _executed(child)


def script(name: str) -> Module:
    """The module of a script of ours."""
    path = ROOT / "scripts" / f"{name}.py"
    return parse(f"scripts.{name}", path, path.read_text())
