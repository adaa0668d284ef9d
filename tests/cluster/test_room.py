"""What can never be scheduled is an error at once."""

import pytest

from curate.cluster.room import check_room, fitting, leaves_a_cpu
from curate.config import resolve
from curate.options import Resources

CPUS, GPUS = {"CPU": 8.0, "memory": 1e9}, {"CPU": 2.0, "GPU": 1.0}


def test_what_fits_on_some_node() -> None:
    needs = {
        "scan": Resources(num_cpus=8),
        "the filter aesthetic": Resources(num_cpus=2, num_gpus=1),
        "cuts": Resources(num_cpus=0, num_gpus=0.5),
        "shards": Resources(num_cpus=0),
    }
    check_room([CPUS, GPUS], needs)


@pytest.mark.parametrize(
    ("wants", "said"),
    [
        (
            Resources(num_gpus=2),
            r"the filter text asks for num_gpus: 2 and the largest node has 1 GPUs \(2 nodes: 2 CPUs and 1 "
            r"GPUs, 8 CPUs and 0 GPUs\): lower it",
        ),
        # Ten are there, on two nodes; a task runs on one.
        (Resources(num_cpus=10), "num_cpus: 10 and the largest node has 8 CPUs"),
        (Resources(num_cpus=4, num_gpus=1), "4 CPUs and 1 GPUs on one node, and no node has both"),
    ],
)
def test_what_fits_on_no_node_is_named(wants: Resources, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        check_room([CPUS, GPUS], {"scan": Resources(), "the filter text": wants})


def test_a_cluster_without_nodes() -> None:
    with pytest.raises(RuntimeError, match="scan asks for num_cpus: 1 and the largest node has 0 CPUs"):
        check_room([], {"scan": Resources()})


@pytest.mark.parametrize(
    ("wants", "count"),
    [
        (Resources(), 10),
        (Resources(num_cpus=3), 2),
        (Resources(num_cpus=0.5), 20),
        (Resources(num_gpus=1), 1),
        (Resources(num_cpus=0, num_gpus=0.25), 4),
        (Resources(num_cpus=4, num_gpus=1), 0),
        # As many as one likes.
        (Resources(num_cpus=0), 0),
    ],
)
def test_how_many_find_room_on_single_nodes(wants: Resources, count: int) -> None:
    assert fitting([CPUS, GPUS], wants) == count


@pytest.mark.parametrize(
    ("wants", "count", "left"),
    [
        (Resources(), 10, False),
        (Resources(), 9, True),
        (Resources(num_cpus=8), 1, True),
        (Resources(num_cpus=2, num_gpus=1), 1, True),
        (Resources(num_cpus=0), 100, True),
        (Resources(num_cpus=0.5), 20, False),
        (Resources(num_cpus=6.5), 1, True),
    ],
)
def test_whether_a_cpu_is_left_wherever_they_are(wants: Resources, count: int, left: bool) -> None:
    assert leaves_a_cpu([CPUS, GPUS], wants, count) is left


def test_gpus_that_take_the_last_cpu() -> None:
    nodes = [{"CPU": 1.0, "GPU": 1.0}] * 2
    assert not leaves_a_cpu(nodes, Resources(num_gpus=1), 2)
    assert leaves_a_cpu(nodes, Resources(num_gpus=1), 1)
    assert not leaves_a_cpu([{"CPU": 1.0, "GPU": 1.0}], Resources(num_gpus=1), 1)


def test_what_a_pipeline_needs() -> None:
    plan = resolve(
        "a",
        {
            "input": "in", "output": "out",
            "scan": {"num_cpus": 2, "concurrency": 3}, "shards": {"num_cpus": 4},
            "filters": [
                {"use": "media"},
                {
                    "use": "tests.stages.test_score_frames:Numbers", "name": "read", "num_gpus": 0.5,
                    "batch_size": 7,
                },
            ],
        },
    )  # fmt: skip
    assert plan.needs == {
        "scan": Resources(num_cpus=2, concurrency=3),
        "shards": Resources(num_cpus=4),
        "the filter read": Resources(num_gpus=0.5, batch_size=7),
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"filters": [{"use": "media", "num_gpus": 1}]}, "filter media works on stored numbers.*no num_gpus"),
        ({"cuts": {"use": "adaptive", "num_cpus": 2}}, "adaptive works on stored numbers.*no num_cpus"),
        (
            {"filters": [{"use": "media", "num_cpus": -1}]},
            "filter media: num_cpus: .*greater than or equal to 0",
        ),
        ({"scan": {"num_cpus": 0}}, "num_cpus: input should be greater than 0"),
        ({"shards": {"concurrency": 0}}, "concurrency"),
    ],
)
def test_resources_that_make_no_sense(body: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        resolve("a", {"input": "in", "output": "out", **body})


def test_resources_are_in_no_key() -> None:
    from curate.context import Keys

    plain = {"input": "in", "output": "out", "filters": [{"use": "tests.stages.test_score_frames:Numbers"}]}
    more = {
        **plain, "scan": {"num_cpus": 2, "concurrency": 1}, "shards": {"num_cpus": 3},
        "filters": [{**plain["filters"][0], "num_cpus": 2, "batch_size": 3}],  # type: ignore[index]
    }  # fmt: skip
    assert Keys.of(resolve("a", plain)) == Keys.of(resolve("a", more))
