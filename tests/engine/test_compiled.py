"""Compiled networks: as eager ones, never anew, never on a CPU; what does not compile says why."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.folded import folded
from engine.models.resnet import image_model
from engine.train import compiled as module_under_test
from engine.train.batchnorm import batch_statistics
from engine.train.compiled import PAYS_FROM, Compiled, Use, compiled, first_that_works
from engine.train.expert import answer_within
from engine.train.image import precision_context

CPU = torch.device("cpu")
PRECISION = precision_context(CPU, "fp32")
USE = Use(PRECISION, training=(8, 3, 8, 8), answering=(20, 3, 8, 8))
CAPTURED = partial(torch.compile, fullgraph=True, dynamic=False, backend="eager")


def network(seed: int = 0) -> nn.Module:
    module = image_model("resnet8", classes=10, channels=3, seed=seed)
    return module.to(memory_format=torch.channels_last)


def images(count: int, seed: int = 0) -> Tensor:
    drawn = torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return drawn.contiguous(memory_format=torch.channels_last)


@pytest.fixture(autouse=True, scope="module")
def no_trace() -> Iterator[None]:
    yield
    torch._dynamo.reset()


def graphs() -> int:
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])


def learn(module: nn.Module, call: Callable[[Tensor], Tensor], seed: int) -> None:
    sgd = torch.optim.SGD(module.parameters(), lr=0.1 / (1 + seed), momentum=0.9, fused=True)
    F.cross_entropy(call(images(8, seed)), torch.arange(8)).backward()
    sgd.step()
    sgd.zero_grad()


def test_what_was_captured_trains_and_answers_as_the_network_and_is_never_made_anew() -> None:
    module, plain, said = network(), network(), []
    call = first_that_works(module, USE, [("captured", CAPTURED)], said.append)
    assert isinstance(call, Compiled)
    assert said == ["network captured"]
    # The trial left nothing behind.
    before, after = plain.state_dict(), module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in module.parameters())
    made = graphs()
    for epoch in range(2):
        for each, way in ((module, call), (plain, plain)):
            each.train()
            for step in range(2):
                learn(each, way, 2 * epoch + step)
            each.eval()
        with torch.no_grad():
            for count in (20, 7):  # the last batch is padded
                torch.testing.assert_close(call(images(count)), plain(images(count)))
    assert graphs() == made
    after = module.state_dict()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(after[name], value, msg=name)


def test_answers_outlive_the_next_ones() -> None:
    """A graph writes all its answers into one place."""
    place = torch.empty(4, 10)
    module = network().eval()

    def replay(x: Tensor) -> Tensor:
        return place.copy_(module(x))

    call = Compiled(module, replay, rows=4)
    with torch.no_grad():
        first = call(images(4, 1))
        before = first.clone()
        call(images(4, 2))
    assert torch.equal(first, before)


def test_a_compiler_that_fails_is_named_and_the_next_way_is_taken() -> None:
    def broken(module: nn.Module) -> Callable[[Tensor], Tensor]:
        raise RuntimeError("no C compiler\n  found in PATH")

    module, said = network(), []
    taken = first_that_works(module, USE, [("first", broken), ("second", CAPTURED)], said.append)
    assert isinstance(taken, Compiled)
    assert first_that_works(module, USE, [("first", broken)], said.append) is module
    assert said == [
        "network second; not first: RuntimeError: no C compiler",
        "network not compiled; not first: RuntimeError: no C compiler",
    ]


def test_a_backward_pass_that_fails_is_found_before_the_first_step() -> None:
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, logits: Tensor) -> Tensor:
            return logits * 2

        @staticmethod
        def backward(ctx: object, gradient: Tensor) -> Tensor:
            raise ValueError("no kernel")

    module, said = network(), []
    ways = [("odd", lambda module: lambda x: Fails.apply(module(x)))]
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert first_that_works(module, USE, ways, said.append) is module
    assert said == ["network not compiled; not odd: ValueError: no kernel"]
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert module.training


def test_a_cpu_compiles_nothing_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_under_test, "WAYS", [])
    module, said = network(), []
    assert compiled(module, USE, samples=10 * PAYS_FROM, log=said.append) is module
    assert said == []


def test_short_runs_do_not_wait_for_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    module, said = nn.Linear(1, 1, device="meta"), []
    monkeypatch.setattr(torch.Tensor, "device", property(lambda _: torch.device("cuda")))
    assert compiled(module, USE, samples=PAYS_FROM - 1, log=said.append) is module
    assert said == ["network not compiled: that pays from 500,000 samples, there are 499,999"]


@pytest.mark.parametrize("arch", ["resnet8", "resnet18-cifar", "resnet50"])
@torch.no_grad()
def test_a_folded_network_answers_the_same_without_batchnorm(arch: str) -> None:
    module = image_model(arch, classes=10, channels=3, seed=1)
    answer_within(module, [1, 4, 5], 10)
    torch.manual_seed(0)
    for layer in module.modules():  # as if trained: neither means 0 nor variances 1
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.5, 0.5)
            layer.running_var.uniform_(0.5, 2.0)
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.uniform_(-0.5, 0.5)
    flat = folded(module)
    assert module.training
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in flat.modules())
    x = torch.rand(2, 3, 32, 32)
    expected = module.eval()(x)
    assert expected.isneginf().sum() == 2 * 7  # the expert's hook stays
    torch.testing.assert_close(flat(x), expected, rtol=1e-3, atol=1e-3)
    with batch_statistics(module):
        assert not torch.allclose(module(x), expected)
