"""Where a key comes from, and that it does not show."""

import copy
import pickle
from pathlib import Path

import pytest

from captioners._secret import LONGEST, Secret, read_secret

VALUE = 'sk-"a/b\\c&d+e'


def test_it_does_not_show() -> None:
    secret = Secret(VALUE)
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]!r}", f"{secret!s:>20}".strip()):
        assert shown in ("Secret(…)", "[Secret(…)]")
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == VALUE


def test_it_stays_in_its_process() -> None:
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="a key stays in the process that read it"):
            leave(Secret(VALUE))


@pytest.mark.parametrize(
    "text",
    [VALUE, 'sk-\\"a/b\\\\c&d+e', 'sk-"a\\/b\\c&d+e', "sk-&quot;a/b\\c&amp;d+e", "sk-%22a%2Fb%5Cc%26d%2Be",
     'sk-"a/b\\\\c&d+e'],
    ids=["plain", "json", "slashes", "html", "address", "repr"],
)  # fmt: skip
def test_it_is_hidden_in_every_form(text: str) -> None:
    assert Secret(VALUE).hidden_in(f"<{text}> and {text}") == "<[key]> and [key]"


def test_what_is_too_short_for_a_secret_is_left_in_texts() -> None:
    assert Secret("EMPTY12").hidden_in("EMPTY12") == "EMPTY12"
    assert Secret("EMPTY123").hidden_in("EMPTY123") == "[key]"


def read(tmp_path: Path, data: bytes) -> str:
    (tmp_path / "key").write_bytes(data)
    secret = read_secret(None, str(tmp_path / "key"))
    assert secret is not None
    return secret.reveal()


def test_from_a_variable_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", " abc\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = read_secret("A_KEY", None)
    assert found is not None
    assert found.reveal() == "abc"
    assert read(tmp_path, b"abc\r\n") == "abc"
    home = read_secret(None, "~/key")
    assert home is not None
    assert home.reveal() == "abc"
    assert read_secret(None, None) is None


def test_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    with pytest.raises(ValueError, match="the environment has no A_KEY, which api_key_env names: export it"):
        read_secret("A_KEY", None)
    monkeypatch.setenv("A_KEY", "  ")
    with pytest.raises(ValueError, match="the environment has no A_KEY"):
        read_secret("A_KEY", None)
    with pytest.raises(ValueError, match=r"gone, which api_key_file names, cannot be read \(No such file"):
        read_secret(None, str(tmp_path / "gone"))
    with pytest.raises(ValueError, match=r"cannot be read \(Is a directory\)"):
        read_secret(None, str(tmp_path))
    with pytest.raises(ValueError, match="api_key_env and api_key_file are both given"):
        read_secret("A_KEY", "key")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", r"cannot be read \(it is not text\)"),
        (b"hidden-key\nsecond", "characters that no header can"),
        (b"hidden key", "characters that no header can"),
        ("hidden-clé".encode(), "characters that no header can"),
        (b"\x00" * 100, "characters that no header can"),
        (b"h" * (LONGEST + 1), f"more than {LONGEST} characters"),
    ],
)
def test_what_is_no_key(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        read(tmp_path, data)
    assert "hidden" not in str(caught.value)
