"""Video files of every kind that people bring: the right frames from every place on, or a message."""

import struct
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from actorsup.errors import VideoError
from actorsup.io import PyAVReader, open_video
from tests.conftest import moving_square

NUM_FRAMES = 60
SIZE = (160, 120)
OPEN_GOP = {"bf": "3", "x264-params": "open-gop=1:keyint=20"}
# Container, encoder, options: with and without B-frames, with groups of pictures that refer to the one before, with
# pictures that are never shown, without any key frame after the first, and streams without time stamps.
KINDS = [
    ("mp4", "libx264", {"bf": "0", "g": "12"}),
    ("mp4", "libx264", OPEN_GOP),
    ("mp4", "libx264", {"x264-params": "intra-refresh=1:keyint=20"}),
    ("mp4", "libx265", {"x265-params": "open-gop=1:keyint=20:log-level=none"}),
    ("mp4", "mpeg4", {"bf": "2", "g": "12"}),
    ("mov", "libx264", OPEN_GOP),
    ("m4v", "mpeg4", {"bf": "2", "g": "12"}),
    ("3gp", "mpeg4", {"g": "12"}),
    ("mkv", "libx264", OPEN_GOP),
    ("mkv", "mpeg2video", {"bf": "2", "g": "12"}),
    ("mkv", "ffv1", {}),
    ("mp4", "libsvtav1", {"preset": "12", "svtav1-params": "keyint=20"}),
    ("webm", "libvpx", {"auto-alt-ref": "1", "lag-in-frames": "16", "g": "20"}),
    ("webm", "libvpx-vp9", {"auto-alt-ref": "1", "lag-in-frames": "16", "g": "20", "deadline": "realtime"}),
    ("avi", "mjpeg", {}),
    ("avi", "mpeg4", {"g": "12"}),
    ("avi", "mpeg4", {"bf": "2", "g": "12"}),
    ("avi", "libx264", OPEN_GOP),
    ("ts", "libx264", OPEN_GOP),
    ("mts", "mpeg2video", {"bf": "2", "g": "12"}),
    ("mpg", "mpeg1video", {"bf": "2", "g": "12"}),
    ("mpeg", "mpeg2video", {"bf": "2", "g": "12"}),
    ("flv", "libx264", OPEN_GOP),
    ("wmv", "wmv2", {"g": "12"}),
    ("asf", "msmpeg4v3", {"g": "12"}),
    ("gif", "gif", {}),
    ("h264", "libx264", {"bf": "0", "g": "12"}),
]
FORMATS = {"m4v": "m4v", "mts": "mpegts"}


def encode(path, codec="libx264", options=None, frames=None, rate=25, stamps=None):
    """Write RGB frames as a video file."""
    frames = moving_square(NUM_FRAMES, SIZE, side=24) if frames is None else frames
    pixels = {"mjpeg": "yuvj420p", "gif": "rgb8"}.get(codec, "yuv420p")
    with av.open(str(path), "w", format=FORMATS.get(path.suffix[1:])) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixels
        for index, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            if stamps is not None:
                picture.pts, picture.time_base = stamps[index], Fraction(1, rate)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def mp4(folder):
    return encode(folder / "plain.mp4", options={"bf": "0", "g": "12"})


def changed(path, change):
    """A copy of a file whose bytes ``change(bytearray)`` has changed."""
    content = bytearray(path.read_bytes())
    change(content)
    copy = path.with_name(f"changed_{path.name}")
    copy.write_bytes(content)
    return copy


@pytest.mark.parametrize(("container", "codec", "options"), KINDS, ids=lambda value: str(value).replace(" ", ""))
def test_frames_from_any_place_are_those_of_one_pass(folder, container, codec, options):
    path = encode(folder / f"video.{container}", codec, options)
    expected = open_video(path).read_all()
    assert expected.shape == (NUM_FRAMES, SIZE[1], SIZE[0], 3)
    video = open_video(path)
    for start in (0, 1, 13, 20, 37, 59):
        np.testing.assert_array_equal(np.stack(list(video.frames_from(start))), expected[start:], err_msg=f"{start}")
    rng = np.random.default_rng(0)
    for count in (1, 1, 1, 2, 3, 5):
        indices = np.sort(rng.integers(0, NUM_FRAMES, count))
        np.testing.assert_array_equal(open_video(path).frames_at(indices), expected[indices], err_msg=f"{indices}")


def test_frames_lie_in_memory_row_after_row(tmp_path):
    path = encode(tmp_path / "odd.mp4", frames=moving_square(3, (90, 62)))
    assert all(frame.flags.c_contiguous and frame.shape == (62, 90, 3) for frame in open_video(path))


def test_what_seeks_give_is_decoded_from_the_key_frame_before(mp4, monkeypatch):
    begun = []
    original = PyAVReader._from_key_frame

    def noted(self, container, stream, stamps, first):
        begun.append(first)
        return original(self, container, stream, stamps, first)

    monkeypatch.setattr(PyAVReader, "_from_key_frame", noted)
    open_video(mp4).frames_at([3, 14, 40, 42, 59])
    assert begun == [12, 36]


def test_frames_are_those_that_opencv_decodes(mp4):
    capture, expected = cv2.VideoCapture(str(mp4)), []
    while (read := capture.read())[0]:
        expected.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))
    np.testing.assert_array_equal(open_video(mp4).read_all(), expected)


@pytest.mark.parametrize("stamps", [[0, 1, 2, 9, 10, 30], [5, 6, 7, 8, 9, 10]], ids=["irregular", "late"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_time_stamps_need_not_be_regular_nor_begin_at_zero(tmp_path, suffix, stamps):
    stamps = [stamp + 40 * group for group in range(4) for stamp in stamps]
    path = encode(tmp_path / f"video.{suffix}", options={"g": "6"}, frames=moving_square(24), stamps=stamps)
    expected = open_video(path).read_all()
    assert len(expected) == 24
    np.testing.assert_array_equal(open_video(path).frames_at([11, 12, 23]), expected[[11, 12, 23]])


MATRICES = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}  # of a phone that was held so, clockwise


@pytest.mark.parametrize("angle", MATRICES)
def test_pictures_are_turned_as_the_metadata_say(mp4, angle):
    a, b, c, d = (struct.pack(">i", value << 16) for value in MATRICES[angle])
    zero = bytes(4)

    def turn(content):
        matrix = content.index(b"tkhd") + 44
        content[matrix : matrix + 36] = a + b + zero + c + d + zero + zero + zero + struct.pack(">I", 1 << 30)

    turned = open_video(changed(mp4, turn))
    expected = [np.rot90(frame, -angle // 90) for frame in open_video(mp4).read_all()]
    np.testing.assert_array_equal(turned.read_all(), expected)
    np.testing.assert_array_equal(turned.frames_at([40]), expected[40:41])


def test_frames_that_an_edit_list_hides_are_not_there(mp4):
    # The box after the first 36 samples of a cut without encoding: elst says at which time the presentation begins.
    def begin_later(content):
        entry = content.index(b"elst") + 12
        duration, start = struct.unpack(">ii", content[entry : entry + 8])
        media_rate = 12800 * 25 // 25  # what ffmpeg's muxer counts time in at 25 frames a second
        content[entry : entry + 8] = struct.pack(">ii", duration * 24 // 60, start + 36 * media_rate // 25)

    cut = changed(mp4, begin_later)
    expected = open_video(mp4).read_all()[36:]
    np.testing.assert_array_equal(open_video(cut).read_all(), expected)
    np.testing.assert_array_equal(open_video(cut).frames_at([20]), expected[[20]])


def test_a_size_that_changes_in_the_middle_is_refused_with_the_frame(tmp_path):
    # Two streams of H.264, one after the other.
    parts = [encode(tmp_path / f"{w}.h264", frames=moving_square(6, (w, 96))) for w in (160, 240)]
    both = tmp_path / "both.h264"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(VideoError, match=r"both\.h264: frame 6 is 240x96, the frames before are 160x96"):
        open_video(both).read_all()


@pytest.mark.parametrize("suffix", ["mp4", "avi"])
def test_a_file_that_was_cut_off_is_refused(tmp_path, suffix):
    path = encode(tmp_path / f"video.{suffix}", "mpeg4")
    if suffix == "mp4":  # the index before the frames, as files for the web have it
        with (
            av.open(str(tmp_path / "front.mp4"), "w", options={"movflags": "faststart"}) as out,
            av.open(str(path)) as source,
        ):
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
        path = tmp_path / "front.mp4"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(VideoError, match=r"(cut off|damaged)"):
        open_video(path).read_all()


def test_a_frame_that_is_lost_in_the_middle_is_an_error(tmp_path):
    path, lossy = encode(tmp_path / "video.mkv", "mpeg4", {"g": "12"}), tmp_path / "lossy.mkv"
    with av.open(str(lossy), "w") as out, av.open(str(path)) as source:
        stream = out.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(source.demux(video=0)):
            if packet.size:
                if index == 30:
                    packet.update(bytes(packet.size))
                packet.stream = stream
                out.mux(packet)
    with pytest.raises(
        VideoError, match=r"lossy\.mkv: (frame 30 cannot be decoded|damaged, 1 of the frames from 30 on)"
    ):
        open_video(lossy).read_all()


def test_the_length_and_the_rate_come_from_the_header_or_the_size(mp4, tmp_path):
    assert open_video(mp4).estimate_length() == NUM_FRAMES
    assert open_video(mp4).frames_per_second() == 25
    raw = encode(tmp_path / "video.m4v", "mpeg4")
    assert open_video(raw).estimate_length() == max(1, raw.stat().st_size // 8000)


def add_sound(container, seconds):
    """A stream of silence, to be written after the pictures."""
    stream = container.add_stream("aac", rate=16000)
    sound = av.AudioFrame.from_ndarray(np.zeros((1, 16000 * seconds), np.float32), format="fltp", layout="mono")
    sound.sample_rate = 16000
    return [packet for frame in (sound, None) for packet in stream.encode(frame)]


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_sound_that_is_longer_than_the_picture_is_no_truncation(tmp_path, suffix):
    path = tmp_path / f"video.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        packets = add_sound(container, seconds=5)
        for frame in moving_square(24, SIZE):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
        container.mux(packets)
    assert len(open_video(path).read_all()) == 24


def test_a_file_without_pictures_is_named(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        container.mux(add_sound(container, seconds=1))
    with pytest.raises(VideoError, match=r"sound\.mp4: holds no video"):
        open_video(path).read_all()


@pytest.mark.parametrize("name", ["a:b.mp4", "-v.mp4", "two words.mp4", "ünï.mp4", "http:x.mp4", "100%d.mp4"])
def test_names_are_no_commands(mp4, tmp_path, name, monkeypatch):
    (tmp_path / name).write_bytes(mp4.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert len(open_video(name).read_all()) == NUM_FRAMES


def test_real_clips_pick_frame_exactly(data_root):
    for path in ("Basketball/v_Basketball_g01_c02.mp4", "BasketballDunk/v_BasketballDunk_g17_c03.avi"):
        reader = open_video(data_root / "thumos13" / "clips" / path)
        frames = reader.read_all()
        np.testing.assert_array_equal(reader.frames_at([0, 17, 50, 73]), frames[[0, 17, 50, 73]])


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "libx264"), ("mp4", "mpeg4"), ("mkv", "mpeg2video"), ("avi", "mjpeg")]
)
def test_damage_inside_of_a_picture_is_an_error(tmp_path, container, codec):
    noise = np.random.default_rng(0).integers(0, 256, (12, 96, 128, 3), dtype=np.uint8)  # codes for no patterns
    path = encode(tmp_path / f"video.{container}", codec, {"g": "6"}, frames=noise)
    with av.open(str(path)) as source:
        packet = next(packet for index, packet in enumerate(source.demux(video=0)) if index == 8)
        place = path.read_bytes().index(bytes(packet)) + packet.size // 3

    def zero(content):
        content[place : place + 200] = bytes(200)

    with pytest.raises(VideoError, match=r"(damaged|cannot be decoded)"):
        open_video(changed(path, zero)).read_all()


@pytest.fixture(scope="module", params=["mkv", "webm", "avi", "flv"])
def chained(request, folder):
    codec = {"webm": "libvpx", "avi": "mjpeg"}.get(request.param, "libx264")
    return encode(folder / f"chained.{request.param}", codec, {"g": "12"})


@pytest.mark.parametrize("kind", ["removed", "doubled", "zeroed"])
def test_bytes_that_are_lost_or_added_are_noticed_before_the_first_frame(chained, kind):
    def change(content):
        middle = len(content) // 2
        new = {"removed": b"", "doubled": bytes(content[middle : middle + 700]) * 2, "zeroed": bytes(700)}[kind]
        content[middle : middle + 700] = new

    with pytest.raises(VideoError, match=r"damaged|cut off|cannot be decoded"):
        open_video(changed(chained, change)).read_all()


@pytest.mark.parametrize("suffix", ["mkv", "avi"])
def test_a_file_that_holds_two_videos_is_refused(folder, suffix):
    path = encode(folder / f"twice.{suffix}", "mjpeg", frames=moving_square(6, SIZE))
    with pytest.raises(VideoError, match="a second video begins at byte"):
        open_video(changed(path, lambda content: content.extend(bytes(content)))).read_all()


def test_chunks_of_avi_must_be_where_its_index_says(folder):
    path = encode(folder / "index.avi", "mjpeg", frames=moving_square(6, SIZE))
    places = []

    def swap(content):
        start = content.index(b"movi") + 4
        for _ in range(6):
            places.append((start, start + 8 + (length := int.from_bytes(content[start + 4 : start + 8], "little"))))
            start = places[-1][1] + length % 2
        (a, b), (c, d) = places[1], (places[3][0], start)
        content[a:d] = content[c:d] + content[b:c] + content[a:b]

    with pytest.raises(VideoError, match="the index names a chunk at byte"):
        open_video(changed(path, swap)).read_all()


def test_clusters_of_matroska_that_changed_places_are_noticed(folder):
    path = encode(folder / "clusters.webm", "libvpx", {"g": "6", "auto-alt-ref": "0"})
    cluster = b"\x1f\x43\xb6\x75"

    def swap(content):
        first, second = content.index(cluster), content.index(cluster, content.index(cluster) + 1)
        third = content.rindex(b"\x1c\x53\xbb\x6b")  # the list of places to begin at
        content[first:third] = content[second:third] + content[first:second]

    with pytest.raises(VideoError, match=r"damaged or cut off, the cluster around byte \d+ is earlier"):
        open_video(changed(path, swap)).read_all()


def test_a_stream_that_was_cut_off_ends_where_frames_are_missing(tmp_path):
    # Of the last frames those are missing that are shown before what was stored before them.
    path = encode(tmp_path / "video.ts", "libx264", {"bf": "3", "x264-params": "b-adapt=0:keyint=20:scenecut=0"})
    expected, content = open_video(path).read_all(), path.read_bytes()
    for packets in range(len(content) // 188 // 3, len(content) // 188, 7):
        path.write_bytes(content[: packets * 188])
        try:
            frames = open_video(path).read_all()
        except VideoError:
            continue
        np.testing.assert_array_equal(frames[:-1], expected[: len(frames) - 1])


def test_a_file_that_does_not_say_its_codec_is_refused(mp4):
    def rename(content):
        place = content.index(b"stsd")
        content[place : place + 4] = b"free"

    with pytest.raises(VideoError, match="in a codec that FFmpeg does not know, or damaged"):
        open_video(changed(mp4, rename)).read_all()


def overwrite(path, marker, after, new):
    def write(content):
        place = content.index(marker) + after
        content[place : place + len(new)] = new

    return changed(path, write)


def test_pictures_of_a_track_that_is_not_there_are_noticed(folder):
    path = encode(folder / "track.mkv", "mjpeg", frames=moving_square(6, SIZE))
    place = path.read_bytes().index(b"\xff\xd8\xff")  # how a JPEG begins; before it track, time, flags
    marker = path.read_bytes()[place - 4 : place + 3]
    with pytest.raises(VideoError, match="is of a track that the file does not have"):
        open_video(overwrite(path, marker, 0, b"\x83")).frames_at([0])


def test_overwritten_packets_of_a_transport_stream_are_noticed(folder):
    path = encode(folder / "packets.ts", "mpeg2video", {"g": "12"})
    size = len(path.read_bytes())
    for place in (188, size // 188 // 2 * 188):
        with pytest.raises(VideoError, match=f"damaged or cut off at byte {place}"):
            open_video(changed(path, lambda content, place=place: content.__setitem__(place, 0))).frames_at([0])


def test_a_picture_that_a_program_stream_lacks_is_noticed(folder):
    path = encode(folder / "pictures.mpg", "mpeg2video", {"g": "12", "bf": "2"})
    content = path.read_bytes()
    numbers = [place for place in range(len(content)) if content[place : place + 4] == b"\0\0\1\0"]

    def renumber(content):
        content[numbers[20] + 4] ^= 4  # 16 more than it was

    with pytest.raises(VideoError, match=r"damaged or cut off, pictures of group \d of \d+ are missing"):
        open_video(changed(path, renumber)).frames_at([0])


def test_a_composition_time_that_hides_a_frame_is_noticed(folder):
    path = encode(folder / "times.mp4", "libx264", {"bf": "2", "x264-params": "b-adapt=0"}, moving_square(24))

    def move(content):
        content[content.index(b"ctts") + 12 + 8 * 9 + 4] ^= 2  # of the tenth entry, by 2 ** 25

    with pytest.raises(VideoError, match=r"damaged or cut off at packet \d+"):
        open_video(changed(path, move)).read_all()


def test_a_tag_of_flv_that_became_another_is_noticed(folder):
    path = encode(folder / "tags.flv", "libx264", {"bf": "0"}, moving_square(6, SIZE))
    content = path.read_bytes()
    place = content.rindex(b"\x27\x01", 0, len(content) - 30)  # no key frame, H.264, a picture
    with pytest.raises(VideoError, match="is not of the kind of those before it"):
        open_video(changed(path, lambda content: content.__setitem__(slice(place, place + 1), b"\0"))).frames_at([0])
