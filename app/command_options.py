"""Options that stand before a command mean what they mean after it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    SubParsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    SubParsers = argparse._SubParsersAction


class Commands(SubParsers):
    """The commands of a parser that has options of its own.

    argparse lets a command's defaults replace what was given before its name. Here such an option holds, and one that
    the command does not know is an error.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        own = [action for action in parser._actions if action.option_strings and hasattr(namespace, action.dest)]
        before = {one: given for one in own if (given := getattr(namespace, one.dest)) != one.default}
        super().__call__(parser, namespace, values, option_string)
        name = str(values[0]) if values else ""
        defaults = dict(_defaults(self.choices[name]))
        for option, given in before.items():
            if option.dest not in defaults:
                parser.error(f"{option.option_strings[0]} does not go with {name}; leave it out")
            if getattr(namespace, option.dest) == defaults[option.dest]:
                setattr(namespace, option.dest, given)


def _defaults(parser: argparse.ArgumentParser) -> Iterator[tuple[str, Any]]:
    """Each option of a command and of the commands below it, with what it is when it is not given."""
    for action in parser._actions:
        if action.option_strings:
            yield action.dest, action.default
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _defaults(inner)
