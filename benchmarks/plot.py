"""Draws what was measured as SVG: bars of ratios, so that seconds and megabytes fit into one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.table import TITLES, amount

SHOWN = (
    "image unpacked",
    "image compressed",
    "cold cpu",
    "line cpu",
    "dependency cpu",
    "boot",
    "memory after requests",
)
_WIDTH, _LEFT, _RIGHT, _BAR, _GAP = 860, 210, 110, 13, 12
# For a reader's light or dark page; the order is that of the bars.
_STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .title { font-size: 14px; font-weight: 600 } .small { font-size: 11px; fill: #59636e }
  .b0 { fill: #0969da } .b1 { fill: #54aeff } .b2 { fill: #2da44e } .p0 { fill: #afb8c1 } .p1 { fill: #d0d7de }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 }
    .b0 { fill: #4493f8 } .b1 { fill: #1f6feb } .b2 { fill: #3fb950 } .p0 { fill: #656c76 } .p1 { fill: #3d444d }
  }
"""


def svg(panels: Sequence[tuple[str, Mapping[str, Any], Sequence[str]]]) -> str:
    """Draw a panel for each (title, subject of `table.as_json`, names of the others): all bars of a measure, as long as
    they are beside the longest.
    """
    parts: list[str] = []
    y = 8
    for title, subject, others in panels:
        y += 18
        parts.append(f'<text class="title" x="0" y="{y}">{escape(title)}</text>')
        names = list(subject["figures"])
        classes = _classes(names, others)
        y, legend = y + 20, 0
        for name in names:
            parts.append(f'<rect class="{classes[name]}" x="{legend}" y="{y - 10}" width="11" height="11" rx="2"/>')
            parts.append(f'<text class="small" x="{legend + 16}" y="{y}">{escape(name)}</text>')
            legend += 34 + 7 * len(name)
        y += 12
        for what in SHOWN:
            medians = {
                name: subject["figures"][name][what]["median"] for name in names if what in subject["figures"][name]
            }
            if not medians:
                continue
            longest = max(medians.values())
            middle = y + len(medians) * (_BAR + 2) / 2 + 4
            parts.append(f'<text x="{_LEFT - 10}" y="{middle:.0f}" text-anchor="end">{escape(TITLES[what])}</text>')
            for name, median in medians.items():
                length = max(2, (_WIDTH - _LEFT - _RIGHT) * median / longest)
                parts.append(
                    f'<rect class="{classes[name]}" x="{_LEFT}" y="{y}" width="{length:.0f}" height="{_BAR}" rx="2"/>'
                )
                label = escape(amount(median, what))
                parts.append(f'<text class="small" x="{_LEFT + length + 6:.0f}" y="{y + 10}">{label}</text>')
                y += _BAR + 2
            y += _GAP
    size = f'viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape('; '.join(panel[0] for panel in panels))}</title>",
    ]
    return "\n".join([*head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


def _classes(names: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    ours = [name for name in names if name not in others]
    theirs = [name for name in names if name in others]
    return {name: f"b{number % 3}" for number, name in enumerate(ours)} | {
        name: f"p{number % 2}" for number, name in enumerate(theirs)
    }
