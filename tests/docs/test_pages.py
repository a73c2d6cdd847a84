"""What pages name is there."""

import re

import pytest

from tests.docs.pages import blocks
from tests.toy import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
TOOLS = {path.stem: path.read_text() for path in (REPOSITORY / "tools").glob("**/*.py")}
COMMON = (REPOSITORY / "actorsup" / "apis" / "cli.py").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_tool_and_config_that_a_page_names_exists(page):
    named = set(re.findall(r"\b(?:tools|configs)/[\w/]+\.py\b", page.read_text()))
    assert [path for path in sorted(named) if not (REPOSITORY / path).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_in_a_command_of_a_page_is_one_of_its_tool(page):
    unknown = []
    for block in blocks(page):
        for line in re.sub(r"\\\n", " ", block.text).splitlines():
            command = re.search(r"\bpython tools/(?:\w+/)?(\w+)\.py\b([^#]*)", line)
            if command:
                options = re.findall(r"(?<!\S)--[\w-]+", command.group(2))
                unknown += [(line, one) for one in options if f'"{one}"' not in TOOLS[command.group(1)] + COMMON]
    assert unknown == []
