"""What every block of the configuration is made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from safe_reasoning.core.errors import unknown_name

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
# A file of the user's own; a job in a container has another home folder
OwnFile = Annotated[str, AfterValidator(os.path.expanduser)]


def later(default: Any, description: str, **bounds: Any) -> Any:
    """A key that came after the first runs.

    At its default it is left out of dumps, so that what finished runs depend on stays the same.
    """
    return Field(default, description=description, exclude_if=lambda value: value == default, **bounds)


def check_known(key: str, name: str, known: list[str]) -> None:
    """A ValueError for a name that is not among the known ones."""
    if name not in known:
        raise ValueError(f"{key}: {unknown_name(name, known)}")


class Section(BaseModel):
    """A block of the configuration: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_booleans_as_numbers(cls, given: Any) -> Any:
        """Without this, `limit: yes` would be a limit of 1."""
        for name, value in given.items() if isinstance(given, Mapping) else ():
            field = cls.model_fields.get(name)
            if field and _holds_bool(value) and bool not in _types(field.annotation):
                raise ValueError(
                    f"{name}: yes, no, true and false are no value here: give a number or a text"
                )
        return given


def _holds_bool(value: Any) -> bool:
    """Whether a value, or one inside its lists and mappings, is a boolean."""
    if isinstance(value, Mapping):
        value = list(value.values())
    return any(map(_holds_bool, value)) if isinstance(value, list | tuple) else isinstance(value, bool)


def _types(annotation: Any) -> set[Any]:
    """All types that an annotation names.

    Sections count as able to hold a boolean, since they look at their own keys.
    """
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return {annotation, bool}
    return {annotation}.union(*map(_types, get_args(annotation)))
