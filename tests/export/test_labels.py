"""Labels in the forms in which other tools write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.errors import SourceError
from export.serving import labels

MAP = "item {\n  id: 1\n  name: 'person'\n}\n"
PERSON, TWO, GAP = ("person",), ("cat", "dog"), ("cat", "", "dog")


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("id2label.json", '{"0": "cat", "1": "dog"}', TWO),
        ("config.json", '{"model_type": "vit", "id2label": {"0": "cat", "1": "dog"}}', TWO),
        ("class_indices.json", '{"dog": 1, "cat": 0}', TWO),
        ("imagenet_class_index.json", '{"0": ["n1", "cat"], "1": ["n2", "dog"]}', TWO),
        ("digits.json", '{"0": "1", "1": "2"}', ("1", "2")),
        ("coco.json", '{"categories": [{"id": 3, "name": "dog"}, {"id": 1, "name": "cat"}]}', GAP),
        ("names.json", '[{"name": "cat"}, {"name": "dog"}]', TWO),
        ("clsidx.txt", "{0: 'cat',\n 1: \"dog\"}", TWO),
        ("list.yaml", "- cat\n- dog\n", TWO),
        ("map.yaml", "0: cat\n2: dog\n", GAP),
        ("map.txt", f"# COCO\n{MAP}", PERSON),
        ("map.pbtxt", MAP.replace("item {", "item: {"), PERSON),
        ("octal.pbtxt", 'item { id: 1 name: "\\344\\272\\272" }', ("人",)),
        ("brace.pbtxt", "item { id: 1 name: 'a}b\\'c' } # none", ("a}b'c",)),
        ("pose.pbtxt", "item { id: 1 keypoints { id: 0 label: 'nose' } name: 'person', }", PERSON),
        ("zero.pbtxt", "item { id: 0 name: 'cat' } item { id: 1 name: 'dog' }", TWO),
        ("class_indices.txt", "{'cat': 0, 'dog': 1}", TWO),
        ("head.csv", "index,mid,display_name\n0,/m/1,cat\n2,/m/2,dog\n", GAP),
        ("plain.csv", '0,cat\n1,"dog"\n', TWO),
        ("one.csv", "cat\ndog\n", TWO),
        ("spreadsheet.csv", "id;name\n0;cat\n1;dog\n", TWO),
        ("head.txt", "Name,ID\r\ndog,1\r\ncat,0\r\n", TWO),
        ("quoted.txt", '"id"\t"name"\n"0"\t"cat"\n"1"\t"dog"\n', TWO),
        ("plain.tsv", "1\tcat\n2\tdog\n", TWO),
        ("pad.txt", "[PAD]\ncat\n", ("[PAD]", "cat")),
    ],
)
def test_forms(tmp_path: Path, name: str, text: str, names: tuple[str, ...]) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert labels.read(tmp_path / name) == labels.Labels(names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0 cat\n1 dog\n", TWO),
        ("1: cat\n2: dog\n", TWO),
        ("0,cat\r\n1,dog\r\n", TWO),
        ("0  cat\n\n2  dog\n", GAP),
        ("2 dog\n1 cat\n", TWO),
        ("2 bird\n0 cat\n1 dog\n", (*TWO, "bird")),
    ],
)
def test_numbers_before_names_are_left_out(
    tmp_path: Path, text: str, names: tuple[str, ...]
) -> None:
    (tmp_path / "labels.txt").write_text(text)
    read = labels.read(tmp_path / "labels.txt")
    assert read.names == names
    assert read.notes == ("labels.txt numbers its labels; the numbers are left out",)


@pytest.mark.parametrize(
    "text",
    [
        "0\n1\n2",
        "1 euro\n2 euro",
        "7 up\n50 cent",
        "1 cent\n5 euro\n50 dollar",
        "1 cat",
        "2 cat\n0 dog",
    ],
)
def test_numbers_can_be_a_part_of_names(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.txt").write_text(text)
    assert labels.read(tmp_path / "labels.txt").names == tuple(text.split("\n"))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", '{"shapes": []}', "must contain a JSON list of strings, or an object with"),
        ("a.json", '{"cat": 0, "dog": 0}', "must contain a JSON list"),
        ("a.json", "[]", "has no labels"),
        ("a.pbtxt", "item { id: 1 name: 'a' } item {", "is not a label map: .*Expected"),
        ("a.pbtxt", "item { name: 'a' }", "an item has no id or no name"),
        ("a.pbtxt", "item { id: 999999999 name: 'a' } item { id: 1 name: 'b' }", "too large"),
        ("a.csv", "file,cat,dog\na.jpg,1,0\n", "no column of names .*: call it name"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match=words):
        labels.read(tmp_path / name)


def test_a_label_too_few_or_too_many() -> None:
    for names, words in ((TWO, "add --background"), (("bg", *TWO, "x"), "remove its label")):
        with pytest.raises(SourceError, match=words):
            labels.check_count(Path("a.txt"), names, 3, "classes")
