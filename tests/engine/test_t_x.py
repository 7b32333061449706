from collections.abc import Iterator

import pytest
import torch
import torchvision
from torch import Tensor, nn

from engine.models.t_x import STEMS, Conv1ReplaceStem, MultimodalTeacher, multimodal_teacher

DIM, CLASSES, BATCH = 24, 5, 16


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def conv1_stem(classes: int = CLASSES) -> Conv1ReplaceStem:
    model = multimodal_teacher("conv1_replace", dim=DIM, classes=classes, seed=0)
    assert isinstance(model, Conv1ReplaceStem)
    return model


def assert_same(mine: Tensor, theirs: Tensor) -> None:
    """Equal up to float64 rounding, measured against the tensor's own scale."""
    assert mine.dtype == theirs.dtype == torch.float64
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10 * theirs.abs().max().item())


def centre(kernel: Tensor) -> Tensor:
    return kernel[:, :, kernel.shape[2] // 2, kernel.shape[3] // 2] if kernel.ndim == 4 else kernel


@pytest.fixture(scope="module")
def resnet50() -> nn.Module:
    """The authors' construction, with no statistic or affine parameter at its neutral value."""
    model = torchvision.models.resnet50(weights=None, num_classes=CLASSES)
    model.conv1 = nn.Conv2d(DIM, 64, 7, 2, 3, bias=False)
    generator = torch.Generator().manual_seed(1)
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            gain = 0.2 if name.endswith("bn3") else 1.0  # keeps 16 blocks' sum well conditioned
            module.weight.data.uniform_(0.5 * gain, 1.5 * gain, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            for tensor in (module.bias.data, module.running_mean):
                tensor.normal_(0, 0.1, generator=generator)
    return model.double()


@pytest.fixture
def pair(resnet50: nn.Module) -> Iterator[tuple[nn.Module, Conv1ReplaceStem]]:
    before = {name: tensor.clone() for name, tensor in resnet50.state_dict().items()}
    mine = conv1_stem().double()
    assert mine.from_resnet50(resnet50) == []
    yield resnet50, mine
    resnet50.load_state_dict(before)
    resnet50.zero_grad()


@pytest.mark.parametrize("training", [False, True])
def test_equals_torchvision_on_one_pixel(
    pair: tuple[nn.Module, Conv1ReplaceStem], training: bool
) -> None:
    theirs, mine = (model.train(training) for model in pair)
    x = random(BATCH, DIM).double()
    x_theirs, x_mine = x.clone().requires_grad_(), x.clone().requires_grad_()
    out_theirs, out_mine = theirs(x_theirs[:, :, None, None]), mine(x_mine)
    assert_same(out_mine, out_theirs)

    weights = random(BATCH, CLASSES, seed=2).double()
    (out_theirs * weights).sum().backward()
    (out_mine * weights).sum().backward()
    assert_same(x_mine.grad, x_theirs.grad)
    expected = dict(theirs.named_parameters())
    for name, parameter in mine.named_parameters():
        grad = expected[name].grad
        assert_same(parameter.grad, centre(grad))
        if grad.ndim == 4:  # no gradient was lost with the taps left out
            assert grad.count_nonzero() == centre(grad).count_nonzero()

    # In training mode the running statistics have moved by now, in eval mode they have not.
    buffers = dict(theirs.named_buffers())
    assert {name for name, _ in mine.named_buffers()} == set(buffers)
    for name, buffer in mine.named_buffers():
        if buffer.is_floating_point():
            assert_same(buffer, buffers[name])
        else:
            assert buffer == buffers[name]


def test_stays_equal_after_optimiser_steps(pair: tuple[nn.Module, Conv1ReplaceStem]) -> None:
    theirs, mine = (model.train() for model in pair)
    for model, shape in ((theirs, (BATCH, DIM, 1, 1)), (mine, (BATCH, DIM))):
        optimiser = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
        for step in range(2):
            optimiser.zero_grad()
            logits = model(random(BATCH, DIM, seed=step).double().view(shape))
            nn.functional.cross_entropy(logits, torch.arange(BATCH) % CLASSES).backward()
            optimiser.step()
    x = random(BATCH, DIM, seed=9).double()
    with torch.no_grad():
        out_theirs, out_mine = theirs.eval()(x[:, :, None, None]), mine.eval()(x)
    assert_same(out_mine, out_theirs)


def test_imagenet_weights_keep_the_seeded_conv1_and_fc() -> None:
    imagenet = torchvision.models.resnet50(weights=None).state_dict()
    seeded, mine = conv1_stem().state_dict(), conv1_stem()
    assert mine.from_resnet50(imagenet) == ["conv1.weight", "fc.weight", "fc.bias"]
    for name, tensor in mine.state_dict().items():
        kept = name.startswith(("conv1.", "fc."))
        assert torch.equal(tensor, seeded[name] if kept else centre(imagenet[name]))
    assert conv1_stem(classes=1000).from_resnet50(imagenet) == ["conv1.weight"]


@pytest.mark.parametrize(
    ("other", "message"), [("resnet18", r"no layer1\.0\.conv3"), ("wide_resnet50_2", "shape")]
)
def test_other_networks_are_refused_and_change_nothing(other: str, message: str) -> None:
    with torch.device("meta"):
        theirs = torchvision.models.get_model(other, weights=None)
    mine = conv1_stem()
    before = {name: tensor.clone() for name, tensor in mine.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        mine.from_resnet50(theirs)
    assert all(torch.equal(before[name], tensor) for name, tensor in mine.state_dict().items())


def test_initial_scales_are_those_of_whole_kernels(resnet50: nn.Module) -> None:
    theirs = dict(resnet50.named_parameters())
    for name, parameter in conv1_stem().named_parameters():
        if parameter.ndim == 2 and parameter.numel() > 1000:
            expected = theirs[name].std().item()
            assert parameter.std().item() == pytest.approx(expected, rel=0.1), name


def test_mlp_dropout_follows_its_draws_and_nothing_else() -> None:
    model = multimodal_teacher("mlp", dim=DIM, classes=CLASSES, seed=0)
    x = random(BATCH, DIM)
    uniforms = torch.rand(BATCH, model.dropout_draws, generator=torch.Generator().manual_seed(3))
    out = model(x, uniforms)
    h1 = torch.relu(model.hidden1(x)) * (uniforms[:, :512] >= 0.1) / 0.9
    h2 = torch.relu(model.hidden2(h1)) * (uniforms[:, 512:] >= 0.1) / 0.9
    torch.testing.assert_close(out, model.fc(h2))

    order = torch.randperm(BATCH)  # another batch order, another global random state
    torch.testing.assert_close(model(x[order], uniforms[order]), out[order])
    assert not torch.allclose(model(x, uniforms.flip(0)), out)


def test_mlp_without_dropout() -> None:
    model = multimodal_teacher("mlp", dim=DIM, classes=CLASSES, seed=0)
    x, ones = random(BATCH, DIM), torch.ones(BATCH, model.dropout_draws)
    expected = model.fc(torch.relu(model.hidden2(torch.relu(model.hidden1(x)))))
    torch.testing.assert_close(model.eval()(x), expected)
    torch.testing.assert_close(model(x, torch.zeros_like(ones)), expected)  # ignored in eval mode


@pytest.mark.parametrize("uniforms", [None, torch.rand(BATCH, 512), torch.rand(1, 1024)])
def test_mlp_does_not_train_without_its_draws(uniforms: Tensor | None) -> None:
    model = multimodal_teacher("mlp", dim=DIM, classes=CLASSES, seed=0)
    with pytest.raises(ValueError, match=r"\[16, 1024\]"):
        model(random(BATCH, DIM), uniforms)


def train_step(model: MultimodalTeacher, x: Tensor) -> Tensor:
    """How a training loop calls any stem."""
    draws = model.dropout_draws
    uniforms = torch.rand(len(x), draws) if draws else None
    out: Tensor = model(x, uniforms)
    return out


@pytest.mark.parametrize("stem", STEMS)
def test_every_stem_trains_under_autocast(stem: str) -> None:
    model = multimodal_teacher(stem, dim=DIM, classes=CLASSES, seed=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = train_step(model, random(BATCH, DIM))
    assert logits.shape == (BATCH, CLASSES)
    assert logits.dtype == torch.bfloat16
    logits.float().square().sum().backward()
    for parameter in model.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize("stem", STEMS)
def test_weights_depend_on_the_seed_and_nothing_else(stem: str) -> None:
    torch.manual_seed(1)
    first = multimodal_teacher(stem, dim=DIM, classes=CLASSES, seed=5).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = multimodal_teacher(stem, dim=DIM, classes=CLASSES, seed=5).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    other = multimodal_teacher(stem, dim=DIM, classes=CLASSES, seed=6).state_dict()
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())
    assert not torch.equal(first["fc.weight"], other["fc.weight"])


@pytest.mark.parametrize("stem", STEMS)
def test_integrated_gradients_are_complete(stem: str) -> None:
    from captum.attr import IntegratedGradients

    model = multimodal_teacher(stem, dim=DIM, classes=CLASSES, seed=0).double().eval()
    x, target = random(4, DIM).double(), torch.tensor([0, 1, 2, 3])
    attributions, delta = IntegratedGradients(model).attribute(
        x, torch.zeros_like(x), target=target, n_steps=50, return_convergence_delta=True
    )
    assert attributions.shape == x.shape
    with torch.no_grad():
        change = (model(x) - model(torch.zeros_like(x))).gather(1, target[:, None])[:, 0]
    assert (delta.abs() < 0.05 * change.abs().max() + 1e-9).all()
    torch.testing.assert_close(attributions.sum(1) - change, delta)


def test_an_unknown_stem_is_named_beside_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'transformer'.*conv1_replace, linear, mlp"):
        multimodal_teacher("transformer", dim=DIM, classes=CLASSES, seed=0)
