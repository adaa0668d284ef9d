"""The scoring itself, since a score that cannot fall proves nothing."""

from tests.cutting.scoring import Score, gradual_recall, score, score_transitions

CHECKED = {"hard_cuts": [10, 50], "gradual": [[100, 120]], "tolerate": [7, [70, 80]], "exhaustive": True}


def test_hits_within_two_frames_misses_and_false() -> None:
    assert score([10, 52], CHECKED) == Score(2, 0, 0)
    assert score([13, 50], CHECKED) == Score(1, 1, 1)
    assert score([], CHECKED) == Score(0, 2, 0)


def test_a_cut_is_met_once() -> None:
    assert score([49, 50, 51], CHECKED) == Score(1, 1, 2)


def test_gradual_and_tolerated_frames_are_ignored_within_the_tolerance() -> None:
    assert score([5, 10, 50, 68, 75, 82, 98, 122], CHECKED) == Score(2, 0, 0)
    assert score([4, 10, 50, 67, 123], CHECKED) == Score(2, 0, 3)


def test_nothing_is_false_where_not_all_was_checked() -> None:
    assert score([30, 50], {**CHECKED, "exhaustive": False}) == Score(1, 1, 0)


def test_scores_add_up_to_precision_recall_and_f1() -> None:
    total = Score(2, 1, 0) + Score(1, 0, 2)
    assert total == Score(3, 1, 2)
    assert (total.precision, total.recall) == (0.6, 0.75)
    assert abs(total.f1 - 2 / 3) < 1e-12
    assert Score().f1 == 0


def test_a_short_transition_meets_a_cut_within_it() -> None:
    assert score_transitions([(9, 11), (50, 50)], CHECKED) == Score(2, 0, 0)
    assert score_transitions([(50, 50), (20, 30)], CHECKED) == Score(1, 1, 1)
    assert score_transitions([(10, 10), (50, 50), (90, 98)], CHECKED) == Score(2, 0, 0)


def test_a_gradual_change_is_found_by_half_of_its_frames() -> None:
    assert gradual_recall([(110, 130)], CHECKED) == (1, 1)
    assert gradual_recall([(111, 130)], CHECKED) == (0, 1)
    assert gradual_recall([(100, 104), (115, 121)], CHECKED) == (0, 1)
    assert gradual_recall([(100, 105), (115, 121)], CHECKED) == (1, 1)
