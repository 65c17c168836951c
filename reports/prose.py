"""Docstrings and formulas as HTML: what the claims' pages are written in, no more.

Formulas become MathML, so that a page needs neither script nor font. Everything else is escaped.
"""

from __future__ import annotations

import re
from textwrap import dedent

from latex2mathml.converter import convert
from markupsafe import Markup

from .typography import typeset

__all__ = ["formula", "inline", "prose"]

_DIRECTIVE = ".. math::"
_INLINE = re.compile(
    r"``(?P<code>[^`]+)``|`(?P<name>[^`]+)`|\$(?P<formula>[^$]+)\$|\*\*(?P<strong>[^*]+)\*\*"
    r"|(?<![\w*])\*(?P<emphasis>[^*\s][^*]*)\*(?![\w*])"
)
_PRIME = re.compile(r"<msup>(<m[io]>[^<]*</m[io]>)<mi>&#x02032;</mi></msup>")
_TAG = {"code": "code", "name": "code", "strong": "strong", "emphasis": "em"}


def formula(latex: str, *, display: bool = True) -> Markup:
    """Return LaTeX as MathML; several formulas separated by ``&`` or by line breaks are set one below the other."""
    # The converter knows neither the control space nor \lVert and \lvert after \Bigl.
    latex = re.sub(r"\\\s", r"\\; ", latex)
    latex = re.sub(r"(\\[Bb]ig+[lr])\\[lr]([Vv])ert", lambda big: big[1] + ("‖" if big[2] == "V" else "|"), latex)
    if re.search(r"(?<!\\)&", latex) and "\\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    mathml = convert(latex, display="block" if display else "inline")
    # A prime is raised already: as an exponent it would shrink to a dot.
    return Markup(_PRIME.sub(r"<mrow>\1<mo>&#x02032;</mo></mrow>", mathml))


def prose(text: str) -> Markup:
    """Return the paragraphs, lists, formulas and code blocks of a docstring."""
    parts: list[Markup] = []
    blocks = re.split(r"\n\s*\n", text.strip())
    in_formula = False
    for i, block in enumerate(blocks):
        indented = block.startswith(" ")
        if block.lstrip().startswith(_DIRECTIVE):
            body = block.lstrip().removeprefix(_DIRECTIVE).strip()
            in_formula = True
            parts += [formula(body)] if body else []
        elif indented and in_formula:
            parts.append(formula(block.strip()))
        elif indented and i and blocks[i - 1].rstrip().endswith("::"):
            parts.append(Markup("<pre><code>{}</code></pre>").format(dedent(block)))
        else:
            in_formula = False
            parts.append(_table(block) if block.startswith("==") else _paragraph_or_list(block))
    return Markup("\n").join(parts)


def _table(block: str) -> Markup:
    """Return a table whose columns are marked by rows of ``=``, the first of which is above the heads."""
    lines = block.splitlines()
    starts = [column.start() for column in re.finditer("=+", lines[0])]
    ends = [*starts[1:], None]
    rows = [
        [line[a:b].strip() for a, b in zip(starts, ends, strict=True)] for line in lines if not line.startswith("==")
    ]
    heads = next((i for i, line in enumerate(lines[1:-1]) if line.startswith("==")), 0)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                (Markup("<th>{}</th>") if i < heads else Markup("<td>{}</td>")).format(inline(cell)) for cell in row
            )
        )
        for i, row in enumerate(rows)
    )
    return Markup('<div class="scroll"><table>{}</table></div>').format(body)


def _paragraph_or_list(block: str) -> Markup:
    if not re.match(r"\s*\* ", block):
        return Markup("<p>{}</p>").format(inline(re.sub(r"::$", ":", block.strip())))
    items = [inline(" ".join(item.split())) for item in re.split(r"(?:^|\n)\s*\* ", block) if item.strip()]
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(item) for item in items))


def inline(text: str) -> Markup:
    """Return a line with its code, emphasis and formulas: LaTeX between dollar signs, and plain-text symbols."""
    text = text.replace(r"\|", "|")
    parts, end = [], 0
    for found in _INLINE.finditer(text):
        parts.append(typeset(text[end : found.start()]))
        kind = str(found.lastgroup)
        if kind == "formula":
            parts.append(formula(found[kind], display=False))
        else:
            marked = typeset(found[kind]) if kind in {"strong", "emphasis"} else found[kind]
            parts.append(Markup(f"<{_TAG[kind]}>{{}}</{_TAG[kind]}>").format(marked))
        end = found.end()
    parts.append(typeset(text[end:]))
    return Markup("").join(parts)
