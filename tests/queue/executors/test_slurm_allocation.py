"""An allocation's list: every job is taken or withdrawn, never both, and none is forgotten."""

import threading

import pytest

from wnkd_tui.queue.executors.slurm.allocation import CLOSED, OUTPUT, Allocation


@pytest.fixture
def allocation(tmp_path):
    made = Allocation(tmp_path / "wnkd-1")
    made.make()
    return made


def test_jobs_are_taken_in_the_order_in_which_they_were_put(allocation):
    assert allocation.put("b")
    assert allocation.put("a")
    assert allocation.take() == "b"
    assert not allocation.withdraw("b")
    assert allocation.withdraw("a")
    assert allocation.take() is None
    assert allocation.jobs() == ["b"]


def test_a_closed_list_takes_no_more(allocation):
    allocation.close()
    assert not allocation.put("late")
    assert allocation.take() is None
    assert allocation.jobs() == []


def test_what_was_put_in_while_it_was_closed_is_done_if_it_was_taken(allocation, monkeypatch):
    """The node closes it, and looks once more, between the owner's two steps."""

    class Closing(type(allocation.folder)):
        def exists(self):
            if self.name == CLOSED:
                allocation.close()
                assert allocation.take() == "late"
            return super().exists()

    owner = Allocation(Closing(allocation.folder))
    assert owner.put("late")


def test_a_job_is_never_taken_and_withdrawn(allocation):
    for n in range(60):
        allocation.put(str(n))
    taken, withdrawn = [], []
    node = threading.Thread(target=lambda: taken.extend(iter(allocation.take, None)))
    node.start()
    withdrawn += [str(n) for n in reversed(range(60)) if allocation.withdraw(str(n))]
    node.join()
    assert sorted(taken + withdrawn) == sorted(map(str, range(60)))


def test_the_last_line_of_what_it_said(allocation):
    assert allocation.last_line() == "it said nothing"
    (allocation.folder / OUTPUT).write_text("one\nbash: python: not found\n\n")
    assert allocation.last_line() == "bash: python: not found"
