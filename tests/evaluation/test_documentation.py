import contextlib
import io
import re

from tests.toy import REPOSITORY


def test_the_example_of_the_documentation_prints_what_it_says():
    text = (REPOSITORY / "docs" / "evaluation.md").read_text()
    (example,) = re.findall(r"```python\n(import numpy.*?)```\n", text, re.DOTALL)
    (expected,) = re.findall(r"```\n(act .*?)```\n", text, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(example, "docs/evaluation.md", "exec"), {})
    assert printed.getvalue() == expected
