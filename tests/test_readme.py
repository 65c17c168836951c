"""What the README shows is what happens."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_print_what_they_show() -> None:
    """The README's Python session runs, and its ten lines are ten."""
    (session,) = re.findall(r"^```python\n(>>> .*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)

    result = doctest.DocTestRunner().run(test)

    assert result.failed == 0
    assert result.attempted <= 10
