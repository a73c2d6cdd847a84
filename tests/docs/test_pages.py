"""What pages name is there."""

import argparse
import re

import pytest

from actorsup.cli.commands import COMMANDS, tool_parser
from tests.docs.pages import blocks
from tests.toy import REPOSITORY

PAGES = [
    REPOSITORY / "README.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
    *sorted((REPOSITORY / "docs/tutorials").glob("*.md")),
]
SCRIPTS = {path.stem: path.read_text() for path in (REPOSITORY / "tools").glob("**/*.py")}
COMMAND = re.compile(r"\b(?:python tools/(?:\w+/)?(?P<script>\w+)\.py|actorsup (?P<command>[a-z-]+))\b(?P<rest>[^#]*)")


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """All options of a parser and of those inside it."""
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found = found.union(*map(options_of, action.choices.values()))
    return found


OPTIONS = {command.name: options_of(tool_parser(command.name)) for command in COMMANDS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_tool_and_config_that_a_page_names_exists(page):
    named = set(re.findall(r"\b(?:tools|configs)/[\w/]+\.py\b", page.read_text()))
    assert [path for path in sorted(named) if not (REPOSITORY / path).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_exists(page):
    named = {name for code in re.findall(r"`(actorsup [^`]+)`", page.read_text()) for name in code.split()[1:2]}
    assert sorted(name for name in named if name not in OPTIONS and name[0].islower()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_in_a_command_of_a_page_is_one_of_its_tool(page):
    unknown = []
    for block in blocks(page):
        for line in re.sub(r"\\\n", " ", block.text).splitlines():
            if found := COMMAND.search(line):
                script = SCRIPTS.get(found["script"], "")
                of_command = re.search(r'tool\("([\w-]+)"\)', script)
                name = of_command[1] if of_command else found["command"]
                # A benchmark names its own, and has those that go with a config.
                known = OPTIONS[name] if name else OPTIONS["proposals"] | set(re.findall(r'"(--[\w-]+)"', script))
                unknown += [(line, one) for one in re.findall(r"(?<!\S)--[\w-]+", found["rest"]) if one not in known]
    assert unknown == []
