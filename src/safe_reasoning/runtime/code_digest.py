"""Digests of the code behind a result: a script and the library modules that it imports.

Rules have them as parameters, so that changed code runs those jobs again that it decides, and no
others. What counts is the program and not its text: comments, docstrings and layout leave a digest
as it is, and so do the Python version, the folder and the machine.

An import counts wherever in a module it stands, except for type checkers. A module that is imported
by a name put together (a kind of judge, a recipe, a figure) is named by the rule that uses it.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from safe_reasoning.core.files import write_bytes

ROOT = Path(__file__).parents[3]
OURS = "safe_reasoning"
# What decides no number: the configuration, whose values are parameters of the rules; lines for
# people; what is noted of software and machine. Neither they nor what they import counts.
APART = (
    f"{OURS}.config",
    f"{OURS}.config.",
    f"{OURS}.core.cli",
    f"{OURS}.core.errors",
    f"{OURS}.core.machine",
    f"{OURS}.core.provenance",
)
CACHE = Path(".cache/code_digests.json")
FORMAT = 1  # of the cache; raised when a digest is computed in another way


@dataclass(frozen=True)
class Module:
    """What a file of code is, whatever its text looks like.

    Attributes:
        digest: of its program.
        imports: names of ours that it may import; some are of functions and no modules.
        texts: names of files that it reads (such as instructions of judges): strings of it.
    """

    digest: str
    imports: Sequence[str]
    texts: Sequence[str]


def parse(source: str, texts: Sequence[str]) -> Module:
    """Take a file apart. One that is no Python, as while it is edited, counts as its text."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return Module(_sha256(source), [], [])
    program: list[str] = []
    imports, strings = set[str](), set[str]()
    _write(tree, program, imports, strings)
    return Module(_sha256("\n".join(program)), sorted(imports), sorted(strings & set(texts)))


def _write(node: object, program: list[str], imports: set[str], strings: set[str]) -> None:
    """Append a node's program, field by field: `ast.dump` differs between versions of Python."""
    if isinstance(node, list):
        program.append("[")
        for each in node:
            if not _says_nothing(each):
                _write(each, program, imports, strings)
        program.append("]")
    elif isinstance(node, ast.AST):
        if isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names if alias.name.startswith(OURS))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS):
            imports.update([str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
        program.append(type(node).__name__)
        for name in node._fields:
            value = getattr(node, name, None)
            if value is not None and value != [] and name not in ("ctx", "kind", "type_comment"):
                program.append(name)
                _write(value, program, imports, strings)
        program.append(")")
    else:
        program.append(repr(node))


def _says_nothing(statement: object) -> bool:
    """A docstring, or imports for type checkers."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Name)
        and statement.test.id == "TYPE_CHECKING"
    )


class Digests:
    """Digests of the code in a folder, read once; parsed files are kept in its `.cache`.

    Args:
        root: the project's folder, with `src` and `scripts`.
    """

    def __init__(self, root: Path = ROOT) -> None:
        source = root / "src"
        paths = {_dotted(path, source): path for path in source.joinpath(OURS).rglob("*.py")}
        paths |= {f"scripts.{path.stem}": path for path in root.joinpath("scripts").glob("*.py")}
        texts = {path.stem: path for path in sorted(source.joinpath(OURS).rglob("*.txt"))}
        # The sandbox copies its driver as a file, and no module imports it.
        texts |= {path.name: path for path in source.joinpath(OURS).rglob("driver.py")}
        self._texts = {name: _sha256(path.read_text()) for name, path in texts.items()}
        self._modules = self._read(paths, root / CACHE)

    def _read(self, paths: Mapping[str, Path], cache: Path) -> dict[str, Module]:
        texts = sorted(self._texts)
        known = _cached(cache, texts)
        sources = {name: path.read_text() for name, path in paths.items()}
        keys = {name: _sha256(text) for name, text in sources.items()}
        parsed = {keys[name]: known.get(keys[name]) or parse(text, texts) for name, text in sources.items()}
        if parsed.keys() - known.keys():
            content = {key: asdict(module) for key, module in parsed.items()}
            with contextlib.suppress(OSError):  # a closed folder: parsed again next time, in half a second
                write_bytes(cache, json.dumps({"format": FORMAT, "texts": texts, "files": content}).encode())
        return {name: parsed[key] for name, key in keys.items()}

    def reached(self, *starts: str) -> set[str]:
        """Names of these modules and of all that they import, themselves or by way of others."""
        seen, ahead = set[str](), list(starts)
        while ahead:
            name = ahead.pop()
            if name in seen or name not in self._modules or name.startswith(APART):
                continue
            seen.add(name)
            for each in self._modules[name].imports:
                ahead += _with_packages(each)
        return seen

    def digest(self, *starts: str) -> str:
        """Digest of what these modules reach, with the texts that it reads.

        Args:
            starts: dotted names below `safe_reasoning`, or `scripts.<name>`.
        """
        whole = [name if name.startswith("scripts.") else f"{OURS}.{name}" for name in starts]
        if missing := [name for name in whole if name not in self._modules]:
            raise KeyError(f"no module is named {missing[0]}")
        reached = self.reached(*whole)
        parts = {name: self._modules[name].digest for name in reached}
        texts = {text for name in reached for text in self._modules[name].texts}
        parts |= {f"text {text}": self._texts[text] for text in texts}
        return _sha256(json.dumps(parts, sort_keys=True))[:16]


def _cached(cache: Path, texts: Sequence[str]) -> dict[str, Module]:
    """Files that were parsed before, by the hash of their text; none where the cache is unlike."""
    try:
        content = json.loads(cache.read_bytes())
        if content["format"] != FORMAT or content["texts"] != texts:
            return {}
        return {key: Module(**module) for key, module in content["files"].items()}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _with_packages(name: str) -> Iterator[str]:
    """A dotted name and the packages it lies in."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _dotted(path: Path, source: Path) -> str:
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
