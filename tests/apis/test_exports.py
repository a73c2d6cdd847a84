import json
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from actorsup.apis import as_act, as_coco_video, as_table, box_rows, load_localization, save_act, save_localization
from actorsup.datasets.formats import load_pickle
from actorsup.errors import InputError
from actorsup.structures import ActionTube, Localization, Tube

CLASSES = ("run", "jump")


def localization(video="clip") -> Localization:
    first = Tube(1, [[10, 20, 30, 50], [11, 20, 31, 50]], [0.5, 0.25], 0.75, 1)
    second = Tube(0, [[0, 0, 4, 4]], [1], 0.5, 0)
    tubes = (ActionTube(1, "jump", "person", 4, first), ActionTube(2, "run", "dog", 5, second))
    return Localization(video, 0, 4, (64, 48), CLASSES, tubes)


def test_a_row_is_a_box():
    rows = list(box_rows([localization()]))
    assert [row["frame"] for row in rows] == [1, 2, 0]
    assert rows[1] == {
        "video": "clip",
        "rank": 1,
        "action": "jump",
        "score": 0.75,
        "actor": "person",
        "track": 4,
        "frame": 2,
        "x1": 11.0,
        "y1": 20.0,
        "x2": 31.0,
        "y2": 50.0,
        "box_score": 0.25,
    }


def test_a_table_has_the_rows_and_columns_of_the_boxes(monkeypatch):
    made = {}

    def data_frame(rows, columns):
        made.update(rows=list(rows), columns=list(columns))
        return made

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=data_frame))
    table = as_table([localization()])
    assert table["rows"] == list(box_rows([localization()]))
    assert table["columns"] == list(table["rows"][0])


def test_a_real_table_has_the_boxes():
    pytest.importorskip("pandas")
    table = as_table([localization(), localization("other")])
    assert len(table) == 6
    assert table[(table.video == "other") & (table["rank"] == 1)].x1.tolist() == [10, 11]


def test_a_table_without_pandas_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[tables\]'"):
        as_table([localization()])


def test_coco_video_has_a_box_or_nothing_for_every_frame():
    content = json.loads(json.dumps(as_coco_video([localization("a"), localization("b")])))
    assert content["videos"][1] == {"id": 2, "name": "b", "width": 64, "height": 48, "length": 4}
    assert content["categories"] == [{"id": 1, "name": "run"}, {"id": 2, "name": "jump"}]
    annotation = content["annotations"][2]
    assert (annotation["id"], annotation["video_id"], annotation["category_id"]) == (3, 2, 2)
    assert annotation["bboxes"] == [None, [10, 20, 20, 30], [11, 20, 20, 30], None]
    assert annotation["areas"] == [None, 600, 600, None]
    assert annotation["score"] == 0.75


def test_the_act_layout_counts_frames_from_one(tmp_path):
    save_act(tmp_path / "tubes.pkl", [localization()])
    content = load_pickle(tmp_path / "tubes.pkl")
    assert content["labels"] == ["run", "jump"]
    assert content["test_videos"] == [["clip"]]
    assert content["nframes"] == {"clip": 4}
    assert content["resolution"] == {"clip": (48, 64)}
    (tube,) = content["gttubes"]["clip"][1]
    np.testing.assert_array_equal(tube, [[2, 10, 20, 30, 50], [3, 11, 20, 31, 50]])
    assert content["scores"]["clip"] == {1: [0.75], 0: [0.5]}
    assert [path.name for path in tmp_path.iterdir()] == ["tubes.pkl"]


def test_the_act_layout_has_the_keys_of_a_published_file(data_root):
    published = pickle.loads((data_root / "samples" / "act_layout_multisports_gt.pkl").read_bytes())
    assert published.keys() <= as_act([localization()]).keys()


def test_what_one_file_cannot_hold_is_refused():
    with pytest.raises(InputError, match="by their names, got clip, clip"):
        as_act([localization(), localization()])
    other = Localization("other", 0, 1, (2, 2), ("swim",), ())
    with pytest.raises(InputError, match="one set of classes"):
        as_coco_video([localization(), other])
    assert as_coco_video([]) == {"videos": [], "categories": [], "annotations": []}


def test_a_file_gives_back_what_was_saved(tmp_path):
    save_localization(tmp_path / "clip.json", localization())
    assert load_localization(tmp_path / "clip.json").as_dict() == localization().as_dict()


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ('{"video": 3}', "not a localization")]
)
def test_another_file_is_named(tmp_path, text, message):
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(InputError, match=rf"other\.json: {message}"):
        load_localization(tmp_path / "other.json")
    with pytest.raises(InputError, match=r"absent\.json: cannot be read"):
        load_localization(tmp_path / "absent.json")
