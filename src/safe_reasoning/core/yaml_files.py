"""YAML read so that it means what it seems to say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from safe_reasoning.core.errors import UserError, in_one_line

# YAML 1.1 reads 010 as eight and 1:30 as ninety
_OTHER_BASE = re.compile(r"[-+]?(0[0-9_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")


class _Loader(yaml.SafeLoader):
    """The safe loader, without silent choices between two values of one key."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                name = self.construct_object(key)
                if name in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {name!r} is given twice in one block: keep one", key.start_mark
                    )
                seen.add(name)
        return super().construct_mapping(node, deep=deep)


def _number(loader: _Loader, node: yaml.ScalarNode) -> Any:
    if _OTHER_BASE.fullmatch(node.value):
        raise yaml.constructor.ConstructorError(
            None,
            None,
            f"{node.value} is another number in YAML (base 8 or 60): write it in plain digits, or in quotes",
            node.start_mark,
        )
    kind = node.tag.rsplit(":", maxsplit=1)[-1]
    return loader.construct_yaml_int(node) if kind == "int" else loader.construct_yaml_float(node)


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _number)


def parse_yaml(content: bytes | str, origin: Path | str) -> Any:
    """The value of a YAML text.

    Args:
        content: UTF-8, with or without a byte order mark.
        origin: where it is from, for messages.

    Raises:
        UserError: It is no YAML, is in another encoding, or has a key twice or a number that YAML
            reads in base 8 or 60.
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        return yaml.load(text, Loader=_Loader)
    except UnicodeDecodeError as error:
        raise UserError(
            f"{origin} is not valid YAML: it is not UTF-8 (byte {error.start}); save it as UTF-8"
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f" (line {mark.line + 1})" if mark else ""
        raise UserError(f"{origin} is not valid YAML{line}: {error.problem or error.context}") from None
    # What PyYAML raises for a value or key that its tag does not fit ("!!bool 3") is no YAMLError
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise UserError(f"{origin} is not valid YAML: {in_one_line(error)}") from None
