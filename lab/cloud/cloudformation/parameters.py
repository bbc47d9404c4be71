"""Template parameters: what was given, what is kept from before, what an SSM parameter stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.cloud.cloudformation.errors import ValidationError

_SSM = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One resolved parameter: what the caller sees (`given`) and what the template uses (`value`)."""

    given: str
    value: Any
    from_ssm: bool = False
    no_echo: bool = False


def resolve_parameters(
    declared: Mapping[str, Any],
    given: list[dict[str, Any]],
    previous: Mapping[str, Parameter],
    ssm: Callable[[str], str],
) -> dict[str, Parameter]:
    """Resolve what a template declares.

    Raises:
        ValidationError: a value is missing, not declared, not allowed, or names an SSM parameter that does not exist.
    """
    wanted = {item["ParameterKey"]: item for item in given}
    if unknown := sorted(set(wanted) - set(declared)):
        raise ValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    texts = {name: _text(name, rule, wanted.get(name), previous) for name, rule in declared.items()}
    if missing := [name for name, text in texts.items() if text is None]:
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _resolve(name, rule, texts[name] or "", ssm) for name, rule in declared.items()}


def _text(
    name: str, rule: Mapping[str, Any], item: dict[str, Any] | None, previous: Mapping[str, Parameter]
) -> str | None:
    if item is not None and item.get("ParameterValue") is not None:
        return str(item["ParameterValue"])
    if item is not None and item.get("UsePreviousValue") and name in previous:
        return previous[name].given
    default = rule.get("Default")
    return None if default is None else str(default)


def _resolve(name: str, rule: Mapping[str, Any], text: str, ssm: Callable[[str], str]) -> Parameter:
    kind = rule.get("Type", "String")
    allowed = [str(choice) for choice in rule.get("AllowedValues", [])]
    if allowed and text not in allowed:
        raise ValidationError(f"Parameter '{name}' must be one of AllowedValues")
    from_ssm = kind.startswith(_SSM)
    raw = ssm(text) if from_ssm else text
    inner = kind[len(_SSM) : -1] if from_ssm else kind
    return Parameter(given=text, value=_typed(name, inner, raw), from_ssm=from_ssm, no_echo=bool(rule.get("NoEcho")))


def _typed(name: str, kind: str, text: str) -> Any:
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in text.split(",")] if text else []
    if kind == "Number" and not text.replace(".", "", 1).lstrip("-").isdigit():
        raise ValidationError(f"Template error: Parameter '{name}' must be a number, got {text}")
    return text
