"""One HTML file that needs no other and no network."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from .changes import Changes
from .charts import all_charts
from .gallery import Limits, make_gallery
from .run import Run

MAX_LISTED = 50  # videos, or settings, that a list of changes names


def render_page(runs: Sequence[Run], limits: Limits | None = None) -> str:
    """The page as HTML, of one or more runs of different names; its security policy forbids any request."""
    names = [run.name for run in runs]
    gallery = make_gallery(runs, limits or Limits())
    charts = all_charts(runs)
    figures = [json.loads(figure.to_json()) for section in charts.values() for figure in section.values()]
    tables = dict.fromkeys(title for run in runs if run.tested for title in run.tested["tables"])
    templates = files(__package__) / "templates"
    loader = PackageLoader(__package__)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = lambda value: f"{value:.4f}" if isinstance(value, float) else str(value)
    return environment.get_template("report.html").render(
        title=" and ".join(names),
        runs=runs,
        titles=sorted(tables, key=lambda title: not title.startswith("mAP")),
        changes=[Changes.between(runs[0], run) for run in runs[1:]],
        max_listed=MAX_LISTED,
        links={video["video"]: _link(index, video) for index, video in enumerate(gallery.videos)},
        charts=charts,
        gallery=gallery,
        errors=sorted({reason for video in gallery.videos for errors in video["errors"] for reason in errors}),
        classes=sorted({name for video in gallery.videos for name in video["classes"]}),
        figures=_embedded(figures),
        data=_embedded({**asdict(gallery), "runs": names}),
        style=Markup((templates / "report.css").read_text(encoding="utf-8")),
        script=Markup((templates / "report.js").read_text(encoding="utf-8")),
        plotly=Markup(get_plotlyjs()),
    )


def _link(index: int, video: Mapping) -> str:
    """Where a video of the gallery plays or, if it does not, stands in the list."""
    return f"#video-{index}" if video["clip"] is None else f"#clip-{video['clip']}"


def _embedded(content: Mapping | Sequence) -> Markup:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(content, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
