"""A zip from anywhere: into its folder, or not at all."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from unet_explorer.data import archives
from unet_explorer.data.archives import unpack


def packed(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.filename = name  # as it is, whatever the constructor makes of it
            info.compress_type = method
            archive.writestr(info, data)
    return file


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("from_path", [True, False])
def test_files_come_out_as_they_went_in(tmp_path, from_path):
    file = packed(("images/a.png", b"1" * 3000), ("masks/", b""), ("masks/\u00e9.png", b"2"), ("./b//c.txt", b""))
    if from_path:
        (tmp_path / "in.zip").write_bytes(file.getvalue())
    target = unpack(tmp_path / "in.zip" if from_path else file, tmp_path / "out")
    assert target == tmp_path / "out"
    assert everything(target) == ["b", "b/c.txt", "images", "images/a.png", "masks", "masks/\u00e9.png"]
    assert (target / "images/a.png").read_bytes() == b"1" * 3000


def test_an_empty_folder_is_filled_and_a_full_one_left_alone(tmp_path):
    (tmp_path / "empty").mkdir()
    assert everything(unpack(packed(("a", b"1")), tmp_path / "empty")) == ["a"]
    with pytest.raises(ValueError, match="not empty: give a new one"):
        unpack(packed(("b", b"1")), tmp_path / "empty")
    assert everything(tmp_path / "empty") == ["a"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/evil", "begins at the root"),
        ("\\evil", "begins at the root"),
        ("C:\\evil", "or a drive"),
        ("c:evil", "or a drive"),
        ("../evil", "leads out of its folder"),
        ("a/../../evil", "leads out of its folder"),
        ("..\\evil", "leads out of its folder"),
        ("a\\..\\..\\evil", "leads out of its folder"),
        ("..", "leads out of its folder"),
        (".", "has no proper name"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name, words):
    before = set(Path("/etc").iterdir()) if os.name == "posix" else set()
    with pytest.raises(ValueError, match=words) as caught:
        unpack(packed(("good.txt", b"1"), (name, b"2")), tmp_path / "deep" / "out")
    assert "nothing was unpacked" in str(caught.value)
    assert [path for path in everything(tmp_path) if path != "deep"] == []
    assert before == (set(Path("/etc").iterdir()) if os.name == "posix" else set())


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path, kind):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ValueError, match="'link', which is a link or a device"):
        unpack(file, tmp_path / "out")
    assert everything(tmp_path) == []


def test_a_password_is_refused(tmp_path):
    data = bytearray(packed(("a.txt", b"1")).getvalue())
    for signature, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.index(signature) + place] |= 1
    with pytest.raises(ValueError, match="'a.txt', which is locked with a password"):
        unpack(io.BytesIO(data), tmp_path / "out")
    assert everything(tmp_path) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_methods_are_refused(tmp_path, method):
    with pytest.raises(ValueError, match="method other than deflate"):
        unpack(packed(("a.txt", b"1"), method=method), tmp_path / "out")


def test_two_files_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        file = packed(("a.txt", b"1"), ("a.txt", b"2"))
    with pytest.raises(ValueError, match="holds a.txt twice"):
        unpack(file, tmp_path / "out")


def test_a_file_where_a_folder_should_be_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="cannot be unpacked"):
        unpack(packed(("a", b"1"), ("a/b", b"2")), tmp_path / "out")
    assert everything(tmp_path) == []


def test_too_many_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_ENTRIES", 3)
    with pytest.raises(ValueError, match="holds 4 entries: at most 3"):
        unpack(packed(*((f"{n}.txt", b"") for n in range(4))), tmp_path / "out")
    assert everything(tmp_path) == []


def test_a_huge_table_of_contents_is_not_even_read(tmp_path):
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 30 * 2**20, 0, 0)
    with pytest.raises(ValueError, match="table of contents too large"):
        unpack(io.BytesIO(bytes(30 * 2**20) + end), tmp_path / "out")


def test_what_the_zip_says_is_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_UNPACKED", 1000)
    with pytest.raises(ValueError, match="unpacks to more than"):
        unpack(packed(("a", bytes(600)), ("b", bytes(600))), tmp_path / "out")
    assert everything(tmp_path) == []


def test_bytes_are_counted_as_they_come(tmp_path, monkeypatch):
    """Many entries may share the same packed bytes: only what is written tells the truth."""
    monkeypatch.setattr(archives, "LARGEST_UNPACKED", 3 * 2**20)
    file = packed(("a", bytes(2**20)), ("b", bytes(2**20)), ("c", bytes(2**20)), ("d", bytes(2**20)))
    monkeypatch.setattr(zipfile.ZipFile, "infolist", lambda self: [Lying(info) for info in self.filelist])
    with pytest.raises(ValueError, match="unpacks to more than"):
        unpack(file, tmp_path / "out")
    assert everything(tmp_path) == []


class Lying(zipfile.ZipInfo):
    """An entry that says it is empty until it is unpacked."""

    def __init__(self, info: zipfile.ZipInfo) -> None:
        for slot in zipfile.ZipInfo.__slots__:
            if slot != "file_size" and hasattr(info, slot):
                setattr(self, slot, getattr(info, slot))
        self._true, self._asked = info.file_size, 0

    @property
    def file_size(self) -> int:
        self._asked += 1
        return 0 if self._asked == 1 else self._true


def test_a_false_size_in_the_zip_is_refused(tmp_path):
    data = bytearray(packed(("a", bytes(5000))).getvalue())
    struct.pack_into("<L", data, data.index(b"PK\1\2") + 24, 10)
    with pytest.raises(ValueError, match="damaged or cut off"):
        unpack(io.BytesIO(data), tmp_path / "out")
    assert everything(tmp_path) == []


def test_a_bomb_is_stopped_by_its_ratio(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_RATIO_FROM", 2**20)
    with pytest.raises(ValueError, match="more than 200 times its"):
        unpack(packed(("a", bytes(5 * 2**20))), tmp_path / "out")
    assert everything(tmp_path) == []


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"no zip at all", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_zip(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ValueError, match="a.zip is no zip"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert everything(tmp_path) == ["a.zip"]


def test_a_zip_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="no.zip is no file"):
        unpack(tmp_path / "no.zip", tmp_path / "out")


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(archives, "_check_total", interrupted)
    with pytest.raises(KeyboardInterrupt):
        unpack(packed(("a/b", b"1")), tmp_path / "out")
    assert everything(tmp_path) == []


@examples(60)
@given(data=st.data())
def test_a_damaged_zip_unpacks_whole_or_is_refused_in_words(tmp_path_factory, data):
    whole = packed(("images/a.png", b"abc" * 40), ("masks/a.png", b"d" * 200)).getvalue()
    bytes_ = bytearray(whole[: data.draw(st.integers(1, len(whole)))])
    for place in data.draw(st.lists(st.integers(0, len(bytes_) - 1), max_size=4)):
        bytes_[place] = data.draw(st.integers(0, 255))
    out = tmp_path_factory.mktemp("zip")
    try:
        unpack(io.BytesIO(bytes(bytes_)), out / "out")
    except ValueError as error:
        assert type(error).__name__ == "DataError"
        assert everything(out) == []
