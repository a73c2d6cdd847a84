import json
import re
from html.parser import HTMLParser

import pytest

from actorsup.visualization.report import Run
from actorsup.visualization.report.charts import all_charts
from actorsup.visualization.report.page import render_page

from .runs import HOSTILE, make_run, write_log


@pytest.fixture
def run(tmp_path) -> Run:
    return Run.read(make_run(tmp_path / "run"))


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_refers_to_nothing_outside_and_forbids_it(run):
    elements = Elements(render_page([run])).found
    references = [attributes[name] for _, attributes in elements for name in ("src", "href") if name in attributes]
    assert all(reference.startswith(("#", "data:")) for reference in references), references
    (policy,) = [attributes["content"] for _, attributes in elements if "http-equiv" in attributes]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy


def test_names_cannot_bring_in_elements(run):
    page = render_page([run])
    assert not [attributes for tag, attributes in Elements(page).found if tag == "img"]
    assert HOSTILE not in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1]
    assert HOSTILE in json.loads(data)["videos"][1]["shows"]


def test_what_a_run_lacks_is_left_out_with_a_line(tmp_path):
    folder = make_run(tmp_path / "run")
    for name in ("predictions.json", "diagnosis.json", "test_metrics.json"):
        (folder / name).unlink()
    page = render_page([Run.read(folder)])
    assert "Not there yet: the reasons of errors: actorsup test CONFIG CHECKPOINT --diagnose" in page
    assert "<h2>Diagnosis</h2>" not in page
    assert 'id="videos"' not in page
    assert "<h2>Training</h2>" in page


def test_charts_have_the_numbers(run):
    charts = all_charts([run])
    (loss,) = charts["Training"]["loss"].data
    assert (loss.x, loss.y) == ((1, 2, 3), (2.0, 1.0, 2 / 3))
    (recall,) = charts["Recall of the proposals"]["against their number"].data
    assert (recall.x, recall.y) == ((1.0, 2.0), (0.25, 0.5))
    (confusion,) = charts["Confusion of videos"]["run"].data
    assert confusion.z == ([2, 0], [1, 1])  # video_1 shows the second class and is given the first
    (precision,) = charts["Average precision by class"]["AP@0.5"].data
    assert precision.y == (50.0, 50.0)
    assert precision.x[1] == "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"
    (missed,) = charts["Diagnosis"]["true tubes"].data
    assert (missed.x, missed.y) == (("found",), (100.0,))


def test_videos_that_the_model_gives_no_class_are_left_out_of_the_confusion(tmp_path):
    folder = make_run(tmp_path / "run")
    predictions = json.loads((folder / "predictions.json").read_text())
    predictions["videos"][0] |= {"video_scores": [0.5, 0.5], "tubes": []}
    (folder / "predictions.json").write_text(json.dumps(predictions))
    (confusion,) = all_charts([Run.read(folder)])["Confusion of videos"]["run"].data
    assert confusion.z == ([1, 0], [1, 1])


@pytest.mark.parametrize("labels", [[0, 1], [], None])
def test_videos_of_several_classes_or_none_are_left_out_of_the_confusion(tmp_path, labels):
    folder = make_run(tmp_path / "run")
    predictions = json.loads((folder / "predictions.json").read_text())
    predictions["videos"][0]["labels"] = labels
    (folder / "predictions.json").write_text(json.dumps(predictions))
    (confusion,) = all_charts([Run.read(folder)])["Confusion of videos"]["run"].data
    assert confusion.z == ([1, 0], [1, 1])


def test_validations_are_drawn_with_the_main_numbers(tmp_path):
    folder = make_run(tmp_path / "run")
    rows = [
        {"loss": 1.0, "step": 1},
        {"mAP@0.5": 0.3, "mAP@0.5/voc": 0.4, "AP@0.5/walk": 0.1, "accuracy": 1, "step": 5},
    ]
    write_log(folder, "20260102_000000", rows)
    lines = all_charts([Run.read(folder)])["Training"]["validation"].data
    assert [(line.name, line.x, line.y) for line in lines] == [
        ("run: mAP@0.5", (5,), (0.3,)),
        ("run: accuracy", (5,), (1,)),
    ]


def test_names_are_no_markup_in_charts(tmp_path):
    folder = make_run(tmp_path / "run")
    content = json.loads((folder / "diagnosis.json").read_text())
    content["diagnoses"][0]["true_tubes"][0]["true tubes"] = "<a href='https://example.com'>found</a>"
    (folder / "diagnosis.json").write_text(json.dumps(content))
    (bars,) = all_charts([Run.read(folder)])["Diagnosis"]["true tubes"].data
    assert bars.x[0].startswith("&lt;a href=")
