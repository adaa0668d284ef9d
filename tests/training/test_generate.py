"""A clip of a prompt, end to end with a tiny random model: what is written, given and refused."""

import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch
from torch import nn

from tests.training.tiny_dit import BYTES, filled
from training.generate import BLIND, Maker, Wanted, generate, main
from training.given import Clip, Picture
from training.model_folder import CONFIG, Facts, save_model
from training.pictures import to_frames, to_pixels, write_mp4, write_png
from training.vae import VAEConfig, VideoVAE
from training.vae_folder import save_vae

VAE = VAEConfig(
    latent_channels=4, patch=2, widths=(8, 16, 32), strides=((2, 2), (2, 2)), encoder_blocks=1,
    decoder_blocks=1,
)  # fmt: skip
QUICK = ["--steps", "2", "--frames", "9", "--size", "48x32"]


def _dit(folder: Path, sees: bool = True) -> str:
    torch.manual_seed(0)
    vae = VideoVAE(VAE)
    for parameter in vae.parameters():
        nn.init.normal_(parameter, std=0.5 / max(1, parameter[0].numel()) ** 0.5)
    vae.latent_std.fill_(0.2)
    save_vae(vae, folder / "vae")
    model = filled(BYTES)
    with torch.no_grad():
        model.last[0].linear.weight.mul_(0.1)  # type: ignore[union-attr]
        model.last[0].linear.bias.zero_()  # type: ignore[union-attr]
        if not sees:
            model.image_in.weight.zero_()
    save_model(
        folder, model, Facts(vae="vae", vae_identity=vae.identity, fps=12.0, tier="64px", max_frames=18)
    )
    return str(folder)


@pytest.fixture(scope="module")
def dit(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _dit(tmp_path_factory.mktemp("dit"))


@pytest.fixture(scope="module")
def maker(dit: str) -> Maker:
    return Maker(dit, "cpu")


def gradient(width: int, height: int, shift: int = 0) -> np.ndarray:
    """RGB [H, W, 3]: red to the right, green downwards, blue by `shift`."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, np.full_like(x, shift % 256)], -1).astype(np.uint8)


def film(path: Path, frames: int, fps: float = 12.0, size: tuple[int, int] = (64, 48)) -> str:
    """A clip whose blue grows by 8 a frame."""
    write_mp4(path, np.stack([gradient(*size, 8 * k) for k in range(frames)]), fps)
    return str(path)


def read(path: Path) -> tuple[np.ndarray, float]:
    """RGB [T, H, W, 3] and frames per second of a file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.average_rate is not None
        return np.stack(frames), float(stream.average_rate)


def coarse(frames: np.ndarray) -> np.ndarray:
    """Means over squares of 8 pixels."""
    t, h, w, _ = frames.shape
    return frames.reshape(t, h // 8, 8, w // 8, 8, 3).astype(float).mean((2, 4))


# -- what is written --------------------------------------------------------------------------------------


def test_a_clip_of_a_prompt(dit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.mp4"
    assert main([dit, "a red ball", *QUICK, "--out", str(out), "--seed", "3"]) == 0
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == [out]
    shown, fps = read(out)
    assert shown.shape == (9, 32, 48, 3)
    assert fps == 12
    # It is what the model made, but for the codec, which blurs colours.
    made = generate(dit, "a red ball", frames=9, size=(48, 32), seed=3, steps=2)
    assert made.dtype == np.uint8
    assert made.std() > 5
    near, shifted = (np.abs(coarse(shown) - coarse(np.roll(made, k, 0))).mean() for k in (0, 1))
    assert near < 2.5 < 5 < shifted
    other = generate(dit, "a red ball", frames=9, size=(48, 32), seed=4, steps=2)
    assert np.abs(other.astype(int) - made).mean() > 5


@pytest.mark.parametrize(("frames", "size"), [(1, (32, 32)), (9, (16, 64)), (33, (48, 32))])
def test_one_checkpoint_makes_any_length_and_size(maker: Maker, frames: int, size: tuple[int, int]) -> None:
    made, _ = maker.make("a ball", Wanted(frames, size, steps=1))
    assert made.shape == (frames, size[1], size[0], 3)


def test_a_picture_is_one_frame(dit: str, maker: Maker, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert main([dit, "a ball", "--steps", "2", "--size", "48x32", "--out", str(out)]) == 0
    made, _ = maker.make("a ball", Wanted(1, (48, 32), steps=2))
    assert np.array_equal(cv2.cvtColor(cv2.imread(str(out)), cv2.COLOR_BGR2RGB), made[0])


def test_by_default_it_is_as_in_training(maker: Maker, tmp_path: Path) -> None:
    made, fps = maker.make("a ball", Wanted(steps=1))
    assert made.shape == (17, 64, 64, 3)  # of at most 18 frames, 4k + 1
    assert fps == 12
    # A picture's shape is kept, at the area of the training, also where it is smaller.
    for name, size in (("large.png", (640, 320)), ("small.png", (32, 16))):
        write_png(tmp_path / name, gradient(*size))
        made, _ = maker.make("", Wanted(9, image=tmp_path / name, steps=1))
        assert made.shape == (9, 32, 80, 3) or made.shape == (9, 48, 80, 3)
    made, fps = maker.make("", Wanted(9, extend=film(tmp_path / "tall.mp4", 9, 24, (32, 64)), steps=1))
    assert made.shape == (9, 80, 48, 3)
    assert fps == 24


def test_what_is_asked_for_reaches_the_model(maker: Maker) -> None:
    def make(**changed: Any) -> np.ndarray:
        return maker.make("a red ball", Wanted(9, (32, 32), steps=3, **changed))[0].astype(int)

    plain = make()
    assert np.array_equal(plain, make())
    for changed in (
        {"fps": 24.0}, {"motion": 9.0}, {"aesthetic": 8.0}, {"text_scale": 1.0}, {"solver": "euler"},
        {"seed": 1},
    ):  # fmt: skip
        assert np.abs(plain - make(**changed)).max() > 1, changed


def test_a_prompt_is_expanded_before_it_is_read(dit: str) -> None:
    asked = {"frames": 1, "size": (32, 32), "steps": 2}
    found = generate(dit, "ball", **asked, expand=lambda prompt: f"a red {prompt}")
    assert np.array_equal(found, generate(dit, "a red ball", **asked))
    assert not np.array_equal(found, generate(dit, "ball", **asked))


# -- what is given ----------------------------------------------------------------------------------------


def through(maker: Maker, frames: np.ndarray) -> np.ndarray:
    """What the autoencoder keeps of frames."""
    latent = maker.vae.to_latent(to_pixels(frames)[None])
    return to_frames(maker.vae.from_latent(latent)[0]).astype(int)


def test_a_picture_is_the_first_frame(dit: str, maker: Maker, tmp_path: Path) -> None:
    write_png(tmp_path / "first.png", gradient(96, 64))
    out = tmp_path / "out.mp4"
    options = [*QUICK, "--out", str(out), "--image", str(tmp_path / "first.png")]
    assert main([dit, "a ball", *options]) == 0
    made, _ = maker.make("a ball", Wanted(9, (48, 32), image=tmp_path / "first.png", steps=2))
    expected = through(maker, Picture.read(tmp_path / "first.png").fitted((48, 32))[None])
    assert np.abs(made[:1] - expected).max() <= 1
    without, _ = maker.make("a ball", Wanted(9, (48, 32), steps=2))
    assert np.abs(without[:1] - expected).max() > 20
    assert np.abs(without[5:].astype(int) - made[5:]).max() > 5  # what follows has seen it


@pytest.mark.parametrize(("overlap", "kept"), [(None, 5), (5, 5), (1, 1)])
def test_a_clip_goes_on_from_its_last_frames(
    maker: Maker, tmp_path: Path, overlap: int | None, kept: int
) -> None:
    path = film(tmp_path / "clip.mp4", 20, 12.0, (48, 32))
    made, fps = maker.make("", Wanted(9, (48, 32), extend=path, overlap=overlap, steps=2))
    assert fps == 12
    expected = through(maker, read(Path(path))[0][-kept:])
    assert np.abs(made[:kept] - expected).mean() <= 1.5  # two ways from YCbCr to RGB
    early = through(maker, read(Path(path))[0][:kept])
    assert np.abs(made[:kept] - early).mean() > 3 * np.abs(made[:kept] - expected).mean()


def test_frames_of_a_clip_are_taken_at_the_rate_that_is_made(tmp_path: Path) -> None:
    clip = Clip.read(film(tmp_path / "clip.mp4", 41, 24.0))

    def blues(count: int, fps: float) -> list[int]:
        return [round(float(frame[..., 2].mean()) / 8) for frame in clip.last(count, fps, (64, 48))]

    # Blue is 8 per frame, and begins anew after 32 frames.
    assert blues(5, 24.0) == pytest.approx([36 % 32, 37 % 32, 38 % 32, 39 % 32, 40 % 32], abs=1)
    assert blues(5, 12.0) == pytest.approx([0, 34 % 32, 36 % 32, 38 % 32, 40 % 32], abs=1)
    assert clip.available(24.0) == 41
    assert clip.available(12.0) == 21
    assert clip.available(48.0) == 81


def test_a_clip_that_is_too_short_gives_what_it_has(maker: Maker, tmp_path: Path) -> None:
    made, _ = maker.make("", Wanted(17, (48, 32), extend=film(tmp_path / "clip.mp4", 3), steps=1))
    assert made.shape == (17, 32, 48, 3)
    one, _ = maker.make("", Wanted(17, (48, 32), extend=film(tmp_path / "one.mp4", 1), steps=1))
    assert one.shape == (17, 32, 48, 3)


def test_frames_are_left_out_as_in_training(tmp_path: Path) -> None:
    folder = Path(_dit(tmp_path / "dit"))
    facts = json.loads((folder / CONFIG).read_text()) | {"max_fps": 12.0}
    (folder / CONFIG).write_text(json.dumps(facts))
    clip = film(tmp_path / "clip.mp4", 40, 30.0)
    assert Maker(folder, "cpu").make("", Wanted(9, (32, 32), extend=clip, steps=1))[1] == 10


def test_a_model_that_never_saw_given_frames_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dit = _dit(tmp_path / "dit", sees=False)
    write_png(tmp_path / "first.png", gradient(48, 32))
    options = [*QUICK, "--image", str(tmp_path / "first.png"), "--out", str(tmp_path / "out.mp4")]
    assert main([dit, "a ball", *options]) == 0
    assert capsys.readouterr().err == f"{BLIND}\n"
    assert len(read(tmp_path / "out.mp4")[0]) == 9
    with pytest.warns(UserWarning, match="never trained with given frames"):
        generate(dit, "", frames=5, size=(32, 32), image=tmp_path / "first.png", steps=1)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_pictures_of_every_kind_are_read(tmp_path: Path, suffix: str) -> None:
    drawn = gradient(64, 48, 128)
    done, data = cv2.imencode(suffix, cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 98])
    assert done
    (tmp_path / "picture").write_bytes(bytes(data))  # told by content, not by name
    picture = Picture.read(tmp_path / "picture")
    assert picture.size == (64, 48)
    assert np.abs(picture.fitted((64, 48)).astype(int) - drawn).mean() < 4
    # Scaled to cover, cut in the middle: left and right are lost.
    wide = picture.fitted((32, 48)).astype(int)
    assert wide.shape == (48, 32, 3)
    assert np.abs(wide - drawn[:, 16:48]).mean() < 4
    large = picture.fitted((128, 96)).astype(int)
    assert np.abs(large - cv2.resize(drawn, (128, 96))).mean() < 4


def test_grey_and_transparent_pictures_are_read(tmp_path: Path) -> None:
    grey = gradient(32, 32)[..., 0]
    cv2.imwrite(str(tmp_path / "grey.png"), grey)
    found = Picture.read(tmp_path / "grey.png").fitted((32, 32)).astype(int)
    assert np.abs(found - grey[..., None]).max() <= 3
    cv2.imwrite(str(tmp_path / "clear.png"), np.dstack([gradient(32, 32)[..., ::-1], grey]))
    found = Picture.read(tmp_path / "clear.png").fitted((32, 32)).astype(int)
    assert np.abs(found - gradient(32, 32)).max() <= 3


# -- what is refused --------------------------------------------------------------------------------------


def _with(name: str, content: bytes) -> Callable[[Path], list[str]]:
    """--image with a file of that content."""

    def options(folder: Path) -> list[str]:
        (folder / name).write_bytes(content)
        return ["--image", str(folder / name)]

    return options


def _png(width: int, height: int) -> bytes:
    """A PNG whose header says that it is so large."""
    data = bytearray(bytes(cv2.imencode(".png", gradient(16, 16))[1]))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def _film(frames: int, *more: str) -> Callable[[Path], list[str]]:
    def options(folder: Path) -> list[str]:
        return ["--extend", film(folder / "clip.mp4", frames), *more]

    return options


def _both(folder: Path) -> list[str]:
    return ["--image", "a.png", "--extend", "b.mp4"]


REFUSED: list[tuple[Any, str]] = [
    (["--frames", "10"], "10 frames cannot be made, as lengths are 4k . 1: give 9 or 13"),
    (["--frames", "0"], "0 frames cannot be made"),
    (["--frames", "-3"], "-3 frames cannot be made"),
    (["--size", "50x32"], "the size 50x32 cannot be made, as sides are multiples of 16: give 48x32 or 64x32"),
    (["--size", "0x32"], "the size 0x32 cannot be made"),
    (["--size", "50"], "the size '50' is not known: give WIDTHxHEIGHT, as in 256x160"),
    (["--size=-16x16"], "is not known: give WIDTHxHEIGHT"),
    (["--size", "999999x16"], "is not known: give WIDTHxHEIGHT"),
    (["--steps", "0"], "0 steps make nothing: take at least 1"),
    (["--fps", "0"], "0 frames per second cannot be shown"),
    (["--fps", "nan"], "nan frames per second cannot be shown"),
    (["--seed", "-1"], "the seed -1 is not known"),
    (["--seed", str(2**64)], "is not known: give a number from 0"),
    (["--image", "nowhere.png"], "nowhere.png cannot be read .No such file or directory.: give a picture"),
    (["--image", "/dev/zero"], "is not a regular file"),
    (["--image", "/"], "cannot be read"),
    (["--extend", "nowhere.mp4"], "nowhere.mp4 cannot be read"),
    (["--extend", "/dev/zero"], "not a regular file"),
    (_with("text.png", b"ffconcat version 1.0\nfile /etc/passwd\n"), "is no PNG, JPEG or WebP"),
    (_with("empty.png", b""), "is no PNG, JPEG or WebP"),
    (_with("svg.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "is no PNG, JPEG or WebP"),
    (_with("cut.png", _png(16, 16)[:40]), "cut.png cannot be decoded: it is damaged"),
    (_with("sound.png", b"RIFF$\0\0\0WAVEfmt " + bytes(40)), "cannot be decoded: it is damaged"),
    (_with("bomb.png", _png(60_000, 60_000)), "more than 67 million pixels"),
    (lambda folder: [*_with("a.png", _png(16, 16))(folder), "--frames", "1"], "nothing is left to make"),
    (_film(20, "--frames", "1"), "nothing is left to make"),
    (_film(20, "--overlap", "9"), "9 frames of a clip cannot be gone on with: .* than the 9 of the result"),
    (_film(20, "--overlap", "4"), "4 frames of a clip cannot be gone on with: give 4k . 1 of them"),
    (_film(20, "--overlap", "0"), "0 frames of a clip cannot be gone on with"),
    (_both, "give --image or --extend"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "reason"), REFUSED, ids=[reason[:40] for _, reason in REFUSED])
def test_what_cannot_be_made_is_refused(
    dit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: Any, reason: str
) -> None:
    more = options(tmp_path) if callable(options) else options
    before = sorted(tmp_path.iterdir())
    assert main([dit, "a ball", *QUICK, "--out", str(tmp_path / "out.mp4"), *more]) == 2
    said = capsys.readouterr().err
    assert re.search(reason, said), said
    assert said.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("out.gif", "is neither an .mp4 nor a .png"),
        ("there.mp4", "is there already: name a new file"),
        ("dangling.mp4", "is there already: name a new file"),
        ("nowhere/out.mp4", "is no folder that can be written to"),
        ("out.png", "9 frames do not fit into"),
    ],
)
def test_outputs_that_are_refused(
    dit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    (tmp_path / "there.mp4").write_text("mine")
    (tmp_path / "dangling.mp4").symlink_to("nothing")
    assert main([dit, "a ball", *QUICK, "--out", str(tmp_path / name)]) == 2
    assert reason in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling.mp4", "there.mp4"]
    assert (tmp_path / "there.mp4").read_text() == "mine"


def test_folders_that_are_refused(dit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "out.mp4")]
    assert main([str(tmp_path / "nowhere"), "a ball", *out]) == 2
    assert "has no model" in capsys.readouterr().err
    folder = Path(_dit(tmp_path / "dit"))
    other = VideoVAE(VAE)
    save_vae(other, folder / "vae")
    assert main([str(folder), "a ball", *out]) == 2
    assert "is not the one that" in capsys.readouterr().err


def test_what_breaks_off_leaves_nothing(dit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curate.media.clip_writer import ClipWriter

    def broken(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(ClipWriter, "finish", broken)
    with pytest.raises(OSError, match="no space"):
        main([dit, "a ball", *QUICK, "--out", str(tmp_path / "out.mp4")])
    assert list(tmp_path.iterdir()) == []


def test_memory_that_does_not_suffice_is_said(
    dit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def short(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")

    monkeypatch.setattr("training.generate.sample", short)
    assert main([dit, "a ball", *QUICK, "--out", str(tmp_path / "out.mp4")]) == 2
    assert "does not fit into memory: ask for a smaller --size" in capsys.readouterr().err


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    """Cameras write pictures lying down, and how to turn them (EXIF orientation 6: a quarter clockwise)."""
    drawn = gradient(64, 48, 128)
    lying = np.rot90(drawn)
    data = bytes(
        cv2.imencode(".jpg", cv2.cvtColor(lying, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 98])[1]
    )
    tag = b"MM\0*\0\0\0\x08\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + b"\0\0\0\0"
    exif = b"Exif\0\0" + tag
    (tmp_path / "a.jpg").write_bytes(
        data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:]
    )
    picture = Picture.read(tmp_path / "a.jpg")
    assert picture.size == (64, 48)
    assert np.abs(picture.fitted((64, 48)).astype(int) - drawn).mean() < 5


def test_as_a_module() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "training.generate", "--help"], capture_output=True, text=True
    )
    assert found.returncode == 0
    assert "Make a clip of a prompt." in found.stdout
