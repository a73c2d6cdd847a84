"""Files that somebody made to do harm: to run code, to write elsewhere, to fill the memory, to change a page.

They are refused by an error of ours, or are inert. That each program in a pickle does run where it may is tried too.
"""

import gzip
import io
import json
import pickle
import resource
import tarfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import torch
from campaign import Fault, Outcome
from mmengine.config import Config
from parsers import _results

from actorsup.datasets.formats import ACTPickle, LabelTable, VideoFolder, VideosFile, load_pickle
from actorsup.datasets.formats.thumos13 import CLASSES, read_split_list, read_ucf101_annotation
from actorsup.datasets.formats.ucf_sports import read_box_files
from actorsup.datasets.video_files import find_videos, frame_size
from actorsup.engine import train
from actorsup.errors import InputError
from actorsup.io import Fingerprint, Proposals, TubeStore
from actorsup.io.checkpoints import load_checkpoint, read_checkpoint
from actorsup.structures import Tube
from actorsup.visualization.report import Limits, Run
from actorsup.visualization.report.page import render_page

warnings.filterwarnings("ignore", "Detected pickle protocol")  # torch, of what it then refuses

SECONDS = 20.0
MEMORY = 3_000_000  # kB by which an input may raise the peak of the process


def refused(what: str, read: Callable[[], object], outcome: Outcome, may_pass: bool = False) -> None:
    """Count an input that is refused by an error of ours, or, where it may pass, is read, in time and memory."""
    start, memory = time.monotonic(), _peak()
    try:
        read()
        word = "read" if may_pass else ""
    except InputError:
        word = "refused"
    except Exception as error:
        outcome.failures.append(f"{what}: {type(error).__name__}: {str(error)[:300]}")
        return
    seconds, grown = time.monotonic() - start, _peak() - memory
    reason = "" if word else "was read"
    reason = reason or ("" if seconds < SECONDS else f"took {seconds:.0f} s")
    reason = reason or ("" if grown < MEMORY else f"took {grown / 1e6:.1f} GB")
    outcome.expect(not reason, f"{what}: {reason}", word)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# Programs in pickles


def programs(trace: Path) -> dict[str, bytes]:
    """Pickles without their first and last opcodes that make the folder ``trace``, by the way they go."""
    text = f"V{trace}\n".encode()
    code = f"V__import__('os').mkdir({str(trace)!r})\n".encode()
    short = str(trace).encode()
    name = b"X" + len(short).to_bytes(4, "little") + short
    return {
        "GLOBAL and REDUCE": b"cos\nmkdir\n(" + text + b"tR",
        "posix": b"cposix\nmkdir\n(" + text + b"tR",
        "INST": b"(" + text + b"ios\nmkdir\n",
        "OBJ": b"(cos\nmkdir\n" + text + b"o",
        "STACK_GLOBAL": b"\x8c\x02os\x8c\x05mkdir\x93" + name + b"\x85R",
        "eval": b"cbuiltins\neval\n(" + code + b"tR",
        "exec by its old name": b"c__builtin__\nexec\n(" + code + b"tR",
        "a method of an import": b"cbuiltins\ngetattr\n(cos\npath\nVos\ntRcos\nmkdir\n" + name + b"\x85R0",
        "getattr": b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(Vos\ntRVmkdir\ntR" + name + b"\x85R",
        "subprocess": b"csubprocess\ncall\n(](Vmkdir\n" + text + b"etR",
        "numpy": b"cnumpy.testing._private.utils\nrunstring\n(" + code + b"}tR",
        "runpy": b"cos\nsystem\n(Vmkdir " + text[1:] + b"tR",
        "functools": b"cfunctools\npartial\n(cos\nmkdir\n" + text + b"tR)R",
        "map in a list": b"cbuiltins\nlist\n(cbuiltins\nmap\n(cos\nmkdir\n(" + text + b"ltRtR",
    }


def pickles(number: int, folder: Path) -> Outcome:
    """Pickles of annotations and checkpoints with each program, which must not run."""
    outcome = Outcome()
    trace = folder / "ran"
    for way, program in programs(trace).items():
        head = b"\x80\x04" if "STACK" in way else b"\x80\x02"
        whole, inside = head + program + b".", head + b"}V" + b"boxes\n" + program + b"s."
        for kind, content in {"alone": whole, "in a dictionary": inside}.items():
            _run_nothing(f"{way}, {kind}", content, trace, folder, outcome)
        with suppress(Exception):
            pickle.loads(whole)
        outcome.expect(trace.exists(), f"{way}: does not run where it may, so that it shows nothing", "alive")
        if trace.exists():
            trace.rmdir()
    return outcome


def _run_nothing(what: str, content: bytes, trace: Path, folder: Path, outcome: Outcome) -> None:
    path, checkpoint, old = folder / "a.pkl", folder / "a.pth", folder / "old.pth"
    path.write_bytes(content)
    _zip_checkpoint(checkpoint, content)
    legacy = b"".join(pickle.dumps(value, 2) for value in (torch.serialization.MAGIC_NUMBER, 1001, {}))
    old.write_bytes(legacy + content + pickle.dumps([], 2))
    work = {"train_dataloader": {"dataset": {"ann_file": str(path)}}, "work_dir": str(folder)}
    readers: dict[str, Callable[[], object]] = {
        "load_pickle": lambda: load_pickle(path),
        "pyannot": lambda: read_ucf101_annotation(path, CLASSES),
        "ACT": lambda: ACTPickle(path).read(),
        "checkpoint": lambda: read_checkpoint(str(checkpoint), "model"),
        "old checkpoint": lambda: read_checkpoint(str(old), "model"),
        "pickle as checkpoint": lambda: load_checkpoint(torch.nn.Linear(1, 1), str(path), "model"),
        "load_from": lambda: train(Config({**work, "load_from": str(checkpoint)})),
    }
    for reader, read in readers.items():
        refused(f"{what}, {reader}", read, outcome)
        outcome.expect(not trace.exists(), f"{what}, {reader}: IT RAN", "not run")
        if trace.exists():
            trace.rmdir()


def _zip_checkpoint(path: Path, content: bytes, records: dict[str, bytes] | None = None, method: int = 0) -> None:
    """A checkpoint of torch's with this as its pickle."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in {"data.pkl": content, "version": b"3\n", "byteorder": b"little", **(records or {})}.items():
            archive.writestr(f"a/{name}", data)


# What takes memory or time without end


def bombs(number: int, folder: Path) -> Outcome:
    """Small files that hold much, or say that they do, or are deep."""
    outcome = Outcome()
    for what, read in _bombs(folder):
        refused(what, read, outcome, may_pass=what.endswith("(may be read)"))
    return outcome


def _bombs(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    path, checkpoint = folder / "a.pkl", folder / "a.pth"
    for what, content in _greedy_pickles():
        path.write_bytes(content)
        _zip_checkpoint(checkpoint, content)
        yield f"pickle, {what}", lambda: (load_pickle(path), read_ucf101_annotation(path, CLASSES))
        yield f"checkpoint, {what}", lambda: load_checkpoint(torch.nn.Linear(1, 1), str(checkpoint), "model")
    _zip_checkpoint(checkpoint, pickle.dumps({}), {"data/0": bytes(2**28)}, zipfile.ZIP_DEFLATED)
    yield "a checkpoint that is packed", lambda: read_checkpoint(str(checkpoint), "model")
    packed = gzip.compress(bytes(2**26), compresslevel=9)
    annotation = folder / "a.json"
    annotation.write_bytes(packed * 48)  # 3 GiB in 3 MB
    for reader in (VideosFile, LabelTable, ACTPickle):
        yield f"3 GiB in 3 MB, {reader.__name__}", reader(annotation).read
    deep, run, store = folder / "deep.json", folder / "run", folder / "broken"
    run.mkdir()
    store.mkdir()
    for what, text in _deep_json():
        deep.write_text(text)
        yield f"{what}, annotation", VideosFile(deep).read
        yield f"{what}, table" + " (may be read)" * (what == "a text of 10 MB"), LabelTable(deep).read
        (run / "predictions.json").write_text(text)
        yield f"{what}, predictions", lambda: Run.read(run)
        (store / "manifest.json").write_text(text)
        yield f"{what}, manifest", lambda: TubeStore(store)
    yield from _greedy_stores(folder / "store")
    box_files = folder / "a.tar.gz"
    with tarfile.open(box_files, "w:gz") as archive:
        member = tarfile.TarInfo("Lifting/001/gt/1.txt")
        member.size = 2**28
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    yield "a box file of 256 MiB (may be read)", lambda: read_box_files(box_files)


def _greedy_pickles() -> Iterator[tuple[str, bytes]]:
    deep = b")" + b"\x85" * 400_000
    yield "a key of tuples in tuples", b"\x80\x02}(" + deep + b"K\x01u."
    doubled = b")q\x00" + b"".join(b"h\x00h\x00\x86q\x00" for _ in range(60))
    yield "a key of 2^60 tuples", b"\x80\x02}(" + doubled + b"K\x01u."
    yield "a set of them", b"\x80\x04\x8f(" + doubled + b"\x90."
    yield "a byte array of 32 GiB", b"\x80\x05\x96" + (2**35).to_bytes(8, "little") + b"x."
    yield (
        "a call for a byte array",
        b"\x80\x02cbuiltins\nbytearray\n\x8a\x05" + (2**34).to_bytes(5, "little") + b"\x85R.",
    )
    yield "a call for an array", b"\x80\x02cnumpy\nndarray\n\x8a\x05" + (2**34).to_bytes(5, "little") + b"\x85\x85R."
    lists = b"](" + b"K\x01" * 100_000 + b"eq\x00"
    copies = b"(" + b"cbuiltins\nlist\n(h\x00tR" * 20_000 + b"l."
    yield "20,000 copies of a list", b"\x80\x02" + lists + copies
    laughs = b"]q\x00" + b"".join(b"](" + b"h\x00" * 10 + b"eq\x00" for _ in range(30))
    yield "10^30 lists", b"\x80\x02" + laughs + b"."
    yield "10^30 lists in a video", b"\x80\x02}X\x08\x00\x00\x00Biking/a" + laughs + b"s."
    yield "a position of 2^32", b"\x80\x02Nr\xff\xff\xff\xff."
    yield "a text of 2^60 bytes", b"\x80\x04\x8d" + (2**60).to_bytes(8, "little") + b"x."
    yield "a frame of 2^60 bytes", b"\x80\x04\x95" + (2**60).to_bytes(8, "little") + b"N."
    yield "200,000 lists in lists", b"\x80\x02" + b"](" * 200_000 + b"e" * 200_000 + b"."
    yield "a state for a function", b"\x80\x02c_codecs\nencode\n}X\x01\x00\x00\x00xK\x01sb."


def _deep_json() -> Iterator[tuple[str, str]]:
    yield "100,000 lists in lists", "[" * 100_000 + "]" * 100_000
    yield "100,000 dictionaries", '{"a":' * 100_000 + "1" + "}" * 100_000
    yield "100,000 lists as videos", '{"videos":' + "[" * 100_000 + "]" * 100_000 + "}"
    yield "an integer of 100,000 digits", '{"version": ' + "9" * 100_000 + "}"
    yield "a number beyond floats", '{"version": 1e400, "classes": [Infinity, -Infinity, NaN]}'
    yield "a text of 10 MB", '{"format": "' + "x" * 10_000_000 + '"}'
    yield "a million keys", "{" + ",".join(f'"{number}":0' for number in range(10**6)) + "}"


def _greedy_stores(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    store = TubeStore(folder, Fingerprint({"detector": "a"}))
    store.create()
    good = store._to_arrays(Proposals((Tube(0, [[0, 0, 1, 1]], [0.5], 0.5, 0),), 1, (4, 4)))
    for shape in ((2**40, 4), (2**62, 4), (2**28, 4)):
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
        with zipfile.ZipFile(folder / "a.npz", "w") as archive:
            for name, array in good.items():
                data = io.BytesIO()
                np.save(data, array)
                archive.writestr(f"{name}.npy", header.getvalue() if name == "boxes" else data.getvalue())
        yield f"boxes of shape {shape}", lambda: store.load("a")
    for name, value in (("lengths", [2**62]), ("lengths", [2**32, 2**32]), ("lengths", [-1]), ("num_frames", 2**62)):
        np.savez_compressed(folder / "a.npz", **{**good, name: np.array(value)})
        may = " (may be read)" if name == "num_frames" else ""
        yield f"{name} {value}{may}", lambda: store.load("a")
    member = np.broadcast_to(np.float32(0), (2**24, 4))
    np.savez_compressed(folder / "a.npz", **{**good, "boxes": member})
    yield "256 MiB of boxes for one frame", lambda: store.load("a")
    np.savez(folder / "a.npz", **{**good, "boxes": np.array([{"a": 1}], object)})
    yield "a pickle in a store", lambda: store.load("a")


# Names that lead elsewhere

NAMES = (
    "../a",
    "a/../../b",
    "/etc/passwd",
    "//a",
    "a//b",
    "./a",
    "a/.",
    "a/",
    ".",
    "..",
    "...",
    "a/..",
    "",
    " ",
    "a\x00b",
    "a\nb",
    "C:\\a",
    "..\\a",
    "\\\\host\\share",
    "a" * 300,
    "b/" + "a" * 300,
    "a/b",
    "a_b",
    "A/b",
    "a/B",
    "a/b.",
    "a/b ",
    " a/b",
    "a/b.npz",
    "a.npz/b",
    "a/b.tmp",
    "a.tmp/b",
    "manifest",
    "manifest.json",
    "~/a",
    "$HOME/a",
    "a\u202eb",
    "a\ud800",
    "é",
    "e\u0301",
    "a/b/c/d/e/f",
    "con",
    "nul",
    "a:b",
    "a*b",
    "-rf",
    "--out=x",
    "|ls",
    "`ls`",
    "file:///etc/passwd",
    "http://x/y",
)


def names(number: int, folder: Path) -> Outcome:
    """Names of videos in annotations and stores: none leaves its folder, no two share a file."""
    outcome = Outcome()
    store = TubeStore(folder / "store", Fingerprint({"detector": "a"}))
    store.create()
    saved: dict[Path, str] = {}
    for index, name in enumerate(NAMES):
        for what, video in _named(name, folder):
            inside = (folder / "videos" / video).resolve().is_relative_to((folder / "videos").resolve())
            outcome.expect(inside and video.isprintable(), f"{what} accepts {name!r}", "read")
        try:
            path = store.path(name)
            store.save(name, Proposals((), index + 1, (4, 4)))
        except ValueError:
            outcome.counts["refused"] += 1
            continue
        inside = path.resolve().is_relative_to(store.folder.resolve())
        outcome.expect(inside and path not in saved, f"{name!r} is kept as {path}, {saved.get(path)!r} too", "kept")
        saved[path] = name
    for path, name in saved.items():
        kept = store.load(name).num_frames
        outcome.expect(NAMES[kept - 1] == name, f"{name!r} gives what {NAMES[kept - 1]!r} is ({path})", "found again")
    store.create()  # removes what is half-written, and nothing else
    outcome.expect(sorted(store.videos()) == sorted(saved.values()), "create() removed a video", "kept")
    _links(folder, outcome)
    return outcome


def _named(name: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The formats that accept a name, and what they make of it."""
    header = {"format": "actorsup.videos", "version": 2, "name": "a", "classes": ["a"]}
    content = header | {"videos": [{"video": name, "split": "train", "labels": ["a"]}]}
    (folder / "a.json").write_text(json.dumps(content))
    (folder / "b.json").write_text(json.dumps([{"video": name, "label": "a"}]))
    act = {"labels": ["a"], "train_videos": [[name]], "nframes": {name: 1}, "resolution": {name: (4, 4)}}
    rows = np.array([[1, 0, 0, 1, 1]], np.float32)
    (folder / "a.pkl").write_bytes(pickle.dumps(act | {"gttubes": {name: {0: [rows]}}}))
    (folder / "a.txt").write_bytes(f"Biking/{name}".encode(errors="surrogatepass"))
    readers = {
        "annotation": lambda: VideosFile(folder / "a.json").read().videos[0].video,
        "table": lambda: LabelTable(folder / "b.json").read().videos[0].video,
        "ACT": lambda: ACTPickle(folder / "a.pkl").read().videos[0].video,
        "split list": lambda: read_split_list(folder / "a.txt", CLASSES)[0][0],
    }
    for what, read in readers.items():
        with suppress(InputError):
            yield what, read()


def _links(folder: Path, outcome: Outcome) -> None:
    """Links in a circle, to nothing, and to a folder that is not theirs."""
    videos = folder / "linked"
    (videos / "walk").mkdir(parents=True)
    for name, target in {"a.mp4": "a.mp4", "b": "c", "c": "b", "up": "..", "gone.mp4": "gone", "etc": "/etc"}.items():
        (videos / "walk" / name).symlink_to(target)
    (folder / "a.json").unlink()
    (folder / "a.json").symlink_to("a.json")
    for what, read in {
        "a folder of links": VideoFolder(videos).read,
        "an annotation that is a link to itself": VideosFile(folder / "a.json").read,
        "a video that is a link to itself": lambda: frame_size(videos / "walk/a.mp4"),
        "a folder of frames that is a circle": lambda: frame_size(videos / "walk/b"),
        "a folder without frames": lambda: frame_size(videos / "walk/etc"),
        "a store that is a circle": lambda: TubeStore(videos / "walk/b").load("x"),
        "a checkpoint that is a circle": lambda: load_checkpoint(torch.nn.Linear(1, 1), str(videos / "walk/b"), "x"),
        "a work directory that is a circle": lambda: Run.read(videos / "walk/b"),
    }.items():
        refused(what, read, outcome)
    found = find_videos(videos, [f"walk/{name}" for name in ("a", "b", "c", "up", "gone", "etc")])
    outcome.expect("walk/b" not in found, f"a circle is a folder of frames: {found}", "refused")


# Names that are markup

MARKUP = (
    "</script><script>window.hacked=1</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--<script>",
    "</title><svg onload=alert(1)>",
    "</style><b>",
    "]]>",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "&lt;script&gt;",
    "javascript:alert(1)",
    '<a href="https://example.com">x</a>',
    "<b>bold</b>",
    "\u2028alert(1)",
    "__proto__",
    "constructor",
    "toString",
    "=1+1",
    "%3Cscript%3E",
    "<iframe srcdoc='x'>",
    "\x00<x",
    "<scr\u0130pt>",
    "$&",
    "\\u003cscript\\u003e",
    "<base href=//x>",
    "<meta http-equiv=refresh>",
)


class Elements(HTMLParser):
    """Elements with their attributes as a browser finds them, and the content of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:  # noqa: D102
        self.found.append((tag, *attrs))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: D102
        self.found.append(("/" + tag,))
        self._in_script = False

    def handle_data(self, data: str) -> None:  # noqa: D102
        if self._in_script:
            self.scripts[-1] += data

    def handle_comment(self, data: str) -> None:  # noqa: D102
        self.found.append(("comment",))


def markup(number: int, folder: Path) -> Outcome:
    """A report in which every name is markup has the elements of one with plain names, and scripts that are ours."""
    outcome = Outcome()
    plain = Elements(_page(folder / "plain", "plain"))
    for index, text in enumerate(MARKUP):
        try:
            page = _page(folder / f"run_{index}", text)
        except InputError:
            outcome.counts["refused"] += 1
            continue
        elements = Elements(page)
        outcome.expect(elements.found == plain.found, f"{text!r} changes the elements of the page", "inert")
        outcome.expect(len(elements.scripts) == len(plain.scripts), f"{text!r}: another script", "inert")
        for given, ours in zip(elements.scripts[2:], plain.scripts[2:], strict=True):
            outcome.expect(given == ours, f"{text!r} changes a script", "inert")
        figures, data = map(json.loads, elements.scripts[:2])
        videos = [video["video"] for video in data["videos"]]
        outcome.expect(text in videos, f"{text!r} is not among {videos}", "inert")
        drawn = json.dumps(figures)
        outcome.expect("<" not in _without_templates(drawn), f"{text!r} is markup for the charts", "inert")
    return outcome


def _without_templates(figures: str) -> str:
    """Figures without what plotly writes there itself."""
    return figures.replace("<extra></extra>", "")


def _page(folder: Path, text: str) -> str:
    files = _results(folder)
    predictions, tested, diagnosis = (files[f"{name}.json"] for name in ("predictions", "test_metrics", "diagnosis"))
    predictions["classes"] = [text, f"{text} x"]
    for index, entry in enumerate(predictions["videos"]):
        entry["video"] = f"{text}{index or ''}"
        entry["path"] = f"/absent/{text}"
    predictions["measured"] = tested["measured"] = text
    tested["metrics"] = {text: 0.5}
    tables = tested["tables"]
    tables["mAP by protocol"] = [{text: text, "act": 0.5}]
    for row, name in zip(tables["AP by class, act"], predictions["classes"], strict=True):
        row["class"] = name
    tables[f"mAP {text}"] = tables["mAP by protocol"]
    (diagnosed,) = diagnosis["diagnoses"]
    diagnosed["videos"] = {text: {"true_tubes": [{"reason": text}], "false_detections": [{"reason": text}]}}
    for kind in ("true", "false"):
        (first, _) = diagnosed[{"true": "true_tubes", "false": "false_detections"}[kind]]
        first[{"true": "true tubes", "false": "false detections"}[kind]] = f"x{text}"
    stores = files["proposal_metrics.json"]
    files["proposal_metrics.json"] = {text: {**stores["color/siamese"], "store": text}}
    for point in files["proposal_metrics.json"][text]["curves"]:
        point["curve"] = f"number@{text}"
    files["20260101_000000/vis_data/scalars.json"][-1][f"mAP@{text.replace('/', '|')}"] = 0.5
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        lines = content if isinstance(content, list) else [content]
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return render_page([Run.read(folder, text)], Limits(num_videos=2))


GOAL = "refused by an error of ours, or inert"
FAULTS = (
    Fault("hostile-pickles", GOAL, pickles, 1),
    Fault("hostile-sizes", GOAL, bombs, 1, seconds=600),
    Fault("hostile-names", GOAL, names, 1),
    Fault("hostile-markup", GOAL, markup, 1),
)
