"""The detectors against scenedetect's own, on sequences of components and on frames."""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode
from scenedetect.detector import FlashFilter, SceneDetector
from scenedetect.stats_manager import StatsManager

from curate.cutting import Adaptive, ByChange, Content, Shots, Weights, cut_options

RATE = 25.0
IMAGE = np.zeros((4, 4, 3), dtype=np.uint8)
MODES = {"merge": FlashFilter.Mode.MERGE, "suppress": FlashFilter.Mode.SUPPRESS}


def theirs(options: ByChange) -> SceneDetector:
    common = {
        "weights": ContentDetector.Components(*options.weights),
        "min_scene_len": options.min_scene_len,
    }
    if isinstance(options, Adaptive):
        return AdaptiveDetector(
            adaptive_threshold=options.threshold,
            min_content_val=options.min_content,
            window_width=options.window,
            **common,
        )
    assert isinstance(options, Content)
    return ContentDetector(threshold=options.threshold, filter_mode=MODES[options.filter_mode], **common)


def run(detector: SceneDetector, images: Sequence[np.ndarray]) -> list[int]:
    """The cuts as SceneManager collects them: sorted, each once."""
    found: set[int] = set()
    for index, image in enumerate(images):
        found |= {cut.frame_num for cut in detector.process_frame(FrameTimecode(index, RATE), image)}
    found |= {cut.frame_num for cut in detector.post_process(FrameTimecode(max(len(images) - 1, 0), RATE))}
    return sorted(found)


def their_cuts(options: ByChange, components: np.ndarray) -> list[int]:
    """scenedetect's cuts, its scores computed by its own formula from the given components."""
    detector = theirs(options)
    weights = options.weights

    def score(timecode: FrameTimecode, image: np.ndarray) -> float:
        if timecode.frame_num == 0:
            return 0.0
        row = components[timecode.frame_num]
        return float(
            sum(component * weight for component, weight in zip(row, weights, strict=True))
            / sum(abs(weight) for weight in weights)
        )

    detector._calculate_frame_score = score
    return run(detector, [IMAGE] * len(components))


def sequences() -> list[np.ndarray]:
    """Components of every small length and of some longer ones: noise, stills, spikes at the ends, bursts."""
    rng = np.random.default_rng(7)
    made = []
    for length in [*range(0, 12), 40, 41, 200, 500]:
        quiet = rng.uniform(0, 4, (length, 4))
        loud = rng.uniform(0, 60, (length, 4))
        spiky = quiet + (rng.random((length, 1)) < 0.15) * rng.uniform(20, 120, (length, 4))
        spikes_on_still = (rng.random((length, 1)) < 0.2) * rng.uniform(5, 90, (length, 4))
        bursts = quiet + np.repeat(rng.random((length // 5 + 1, 1)) < 0.35, 5, axis=0)[:length] * 50.0
        # Whole numbers fall exactly on thresholds and ratios.
        whole = rng.choice([0.0, 1.0, 5.0, 9.0, 15.0, 27.0, 45.0], (length, 1)).repeat(4, axis=1)
        ends = quiet.copy()
        ends[[i for i in (1, 2, 3, length - 3, length - 2, length - 1) if 0 < i < length]] = 80.0
        made += [np.zeros((length, 4)), quiet, loud, spiky, spikes_on_still, bursts, whole, ends]
    for components in made:
        components[:1] = 0.0
    return made


SEQUENCES = sequences()

ADAPTIVE = [
    Adaptive(),
    Adaptive(min_scene_len=0),
    Adaptive(min_scene_len=1, window=1, threshold=1.5, min_content=5),
    Adaptive(min_scene_len=15),
    Adaptive(window=3, threshold=2.0, min_content=0, weights=Weights(1, 0.5, 2, 0.3)),
    Adaptive(threshold=255.0, weights=Weights(0, 0, 1, 0)),
    Adaptive(threshold=256.0),
]
CONTENT = [
    Content(filter_mode=mode, min_scene_len=length, threshold=threshold)
    for mode, length, threshold in itertools.product(("merge", "suppress"), (0, 1, 2, 3, 5, 15), (9.0, 27.0))
] + [Content(weights=Weights(0.3, 1, 2, 0.5), threshold=30, min_scene_len=4)]


@pytest.mark.parametrize(
    "options", ADAPTIVE + CONTENT, ids=lambda o: o.model_dump_json(exclude_defaults=True)
)
def test_cuts_are_scenedetects(options: ByChange) -> None:
    for number, components in enumerate(SEQUENCES):
        found = options.detect(components)
        assert found.dtype == np.int64
        assert found.tolist() == their_cuts(options, components), f"sequence {number}"


def test_the_sequences_put_the_options_to_the_test() -> None:
    """Equal lists prove little if they are empty, or if the options never matter."""
    telling = [o for o in ADAPTIVE[:-1] + CONTENT if isinstance(o, Adaptive) or o.min_scene_len > 1]
    found = [tuple(tuple(o.detect(c).tolist()) for c in SEQUENCES) for o in telling]
    assert min(sum(map(len, cuts)) for cuts in found) > 20
    assert len(set(found)) == len(found)
    assert not any(ADAPTIVE[-1].detect(c).size for c in SEQUENCES)  # the ratio is at most 255


def shots(width: int = 256, height: int = 144) -> list[np.ndarray]:
    """BGR frames of moving shapes on eight backgrounds, one shot of a single frame, two of two frames."""
    rng = np.random.default_rng(3)
    images = []
    for shot, length in enumerate([12, 9, 1, 14, 2, 2, 20, 6]):
        background = np.full((height, width, 3), rng.integers(0, 256, 3), dtype=np.uint8)
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        for step in range(length):
            image = background.copy()
            cv2.circle(image, (20 + 9 * step, 40 + 8 * shot), 30, colour, -1)
            noise = rng.integers(0, 6, image.shape, dtype=np.uint8)
            images.append(cv2.add(image, noise))
    return images


def measured(images: list[np.ndarray]) -> np.ndarray:
    """scenedetect's own components of the frames, read back from its statistics."""
    detector = ContentDetector()
    detector.stats_manager = StatsManager()
    detector.stats_manager.register_metrics(detector.get_metrics())
    run(detector, images)
    names = ["delta_hue", "delta_sat", "delta_lum", "delta_edges"]
    rows = [detector.stats_manager.get_metrics(FrameTimecode(i, RATE), names) for i in range(1, len(images))]
    return np.array([[0.0] * 4, *rows], dtype=np.float64)


@pytest.mark.parametrize(
    "options",
    [
        Adaptive(),
        Adaptive(min_scene_len=10),
        Adaptive(weights=Weights(1, 1, 1, 1), min_content=8),
        Content(),
        Content(min_scene_len=3),
        Content(min_scene_len=3, filter_mode="suppress"),
        Content(threshold=15, weights=Weights(0, 0, 1, 1)),
    ],
    ids=lambda o: o.model_dump_json(exclude_defaults=True),
)
def test_cuts_of_frames_are_scenedetects(options: ByChange) -> None:
    images = shots()
    expected = run(theirs(options), images)
    assert len(expected) >= 2
    assert options.detect(measured(images)).tolist() == expected


def test_a_spike_is_a_cut_where_both_detectors_can_see_it() -> None:
    components = np.zeros((30, 4))
    components[[1, 10, 20, 28]] = 60.0
    # The adaptive one needs two frames on both sides.
    assert Adaptive().detect(components).tolist() == [10, 20]
    assert Content(min_scene_len=0).detect(components).tolist() == [1, 10, 20, 28]


def test_a_whip_pan_is_a_cut_only_by_content() -> None:
    components = np.full((40, 4), 2.0)
    components[15:25] = 40.0
    assert Adaptive().detect(components).tolist() == []
    assert Content(filter_mode="suppress", min_scene_len=20).detect(components).tolist() == [20]


def test_components_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"components must be \(frames, 4\), not \(5, 3\)"):
        Adaptive().detect(np.zeros((5, 3)))


def test_options_survive_a_round_trip_and_are_frozen() -> None:
    options = cut_options({"use": "content", "threshold": 30, "min_seconds": 1, "weights": {"edges": 1}})
    assert options == Content(threshold=30, min_seconds=1, weights=Weights(1, 1, 1, 1))
    assert cut_options(options.model_dump()) == options
    assert cut_options(options.model_dump(mode="json")) == options
    with pytest.raises(ValueError, match="frozen"):
        options.threshold = 3.0  # type: ignore[attr-defined]


def test_shots_is_the_default() -> None:
    assert cut_options({}) == Shots()
    assert cut_options({"use": "adaptive", "weights": [1, 1, 1, 0]}) == Adaptive()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"use": "adaptiv"},
            r"named 'adaptiv'; did you mean 'adaptive'\? Known: shots, adaptive, content, transnet",
        ),
        ({"use": "optic"}, r"no detector is named 'optic'\. Known: shots, adaptive, content, transnet"),
        ({"use": ["content"]}, r"no detector is named \['content'\]; did you mean 'content'\? Known"),
        (
            {"use": "adaptive", "min_second": 1},
            r"adaptive has no option 'min_second'; did you mean 'min_seconds'\? Known: .*window",
        ),
        ({"use": "content", "window": 3}, "content has no option 'window'.* Known: .*filter_mode"),
        ({"threshold": "high"}, r"^cuts\.threshold: .*valid number.* \(given: 'high'\)$"),
        ({"threshold": 0}, r"^cuts\.threshold: .*greater than 0 \(given: 0\)$"),
        ({"use": "adaptive", "window": 0}, r"^cuts\.window: .*greater than or equal to 1"),
        ({"min_seconds": -1}, r"^cuts\.min_seconds: .*greater than or equal to 0"),
        ({"max_seconds": float("inf")}, r"^cuts\.max_seconds: .*finite"),
        ({"min_seconds": 30}, r"^cuts: min_seconds 30 is above max_seconds 20, so no clip can ever be kept"),
        (
            {"use": "adaptive", "weights": [0, 0, 0, 0]},
            r"^cuts\.weights: at least one weight must be above 0",
        ),
        ({"use": "adaptive", "weights": {"hew": 1}}, r"^cuts\.weights\.hew: "),
        ({"use": "content", "filter_mode": "mix"}, r"^cuts\.filter_mode: .*'merge' or 'suppress'"),
        ("adaptive", r"^cuts: must be options such as .*, not 'adaptive'$"),
    ],
)
def test_a_wrong_option_is_answered_with_the_right_ones(given: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        cut_options(given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
