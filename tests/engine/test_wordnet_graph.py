"""The embedded encoder: text from the noun graph, images by closed-form ridge."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from engine.encoders import load_encoder
from engine.encoders.names import STAND_IN_LABEL, is_stand_in
from engine.encoders.patches import PatchFeatures
from engine.encoders.ridge import Ridge
from engine.encoders.wordnet_graph import WordNetEncoder, closure, information_content
from engine.wordnet.graph import UnknownNameError, WordNetGraph

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def silent(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> WordNetEncoder:
    """On the graph built once a session, whichever module asks first (test_wordnet shares it)."""
    folder = tmp_path_factory.getbasetemp() / "noun-graph"
    if not folder.exists():
        built = WordNetGraph.build(tmp_path_factory.getbasetemp() / "cache")
        folder.mkdir()
        built.save(folder)
    found = load_encoder("wordnet-graph", graph=WordNetGraph.load(folder))
    assert isinstance(found, WordNetEncoder)
    return found


def test_closure_and_information_content(encoder: WordNetEncoder) -> None:
    graph = encoder.graph
    reach = closure(graph)
    content = information_content(reach)
    dog = graph.senses("dog").weighted[0][0]
    above, frontier = {dog}, [dog]
    while frontier:
        parents = {int(p) for s in frontier for p in graph.hypernyms(s)} - above
        above |= parents
        frontier = list(parents)
    assert set(reach[[dog]].indices.tolist()) == above
    entity = graph.senses("entity").weighted[0][0]
    assert entity in above
    assert 0 < content[entity] < 1e-5
    assert content[dog] < 1
    assert content[graph.senses("basset hound").weighted[0][0]] == 1


def test_nouns_near_in_wordnet_are_near(encoder: WordNetEncoder) -> None:
    names = ["cheetah", "jaguar", "trout", "sports car", "theorem"]
    found = encoder.embed_nouns(names, silent)
    assert (found.shape, found.dtype) == ((5, 256), torch.float32)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(5))
    likeness = (found @ found.T)[0].tolist()
    assert likeness == sorted(likeness, reverse=True)
    torch.testing.assert_close(found, WordNetEncoder(encoder.graph).embed_nouns(names, silent))


def test_the_whole_table_embeds_and_reports(encoder: WordNetEncoder) -> None:
    seen: list[tuple[int, int]] = []
    names = encoder.graph.names
    found = encoder.embed_nouns(names, lambda done, total: seen.append((done, total)))
    assert found.shape == (117_798, 256)
    assert found.isfinite().all()
    assert (found.norm(dim=1) - 1).abs().max() < 1e-5
    assert seen[-1] == (117_798, 117_798)


def test_classes_take_the_sense_that_fits_the_others(encoder: WordNetEncoder) -> None:
    graph = encoder.graph
    animals = ["tiger", "whale", "shrew", "beaver", "otter", "seal", "lion", "aquarium_fish"]
    texts = encoder.embed_classes(animals)
    notes = "\n".join(texts.notes)
    assert "aquarium_fish: not in WordNet, read as 'fish'" in notes
    assert "tiger: sense 2 of 2, tiger, Panthera tigris (a kind of big cat)" in notes
    assert "fur" not in notes
    animal = graph.senses("animal").weighted[0][0]
    chosen = encoder._choose_senses([graph.senses(name) for name in animals])
    assert (closure(graph)[chosen][:, [animal]].toarray() == 1).all()
    alone = encoder.embed_classes(["tiger"])
    assert alone.embeddings.shape == (1, 256)
    assert encoder.embed_classes(animals).embeddings.equal(texts.embeddings)


def test_an_unknown_class_is_named(encoder: WordNetEncoder) -> None:
    with pytest.raises(UnknownNameError, match=r"^xyzzy: "):
        encoder.embed_classes(["dog", "xyzzy"])


def test_digits_embed_well_and_train_is_no_better_than_val(encoder: WordNetEncoder) -> None:
    digits = load_digits()
    images = torch.from_numpy(digits.images).to(torch.uint8)[:, None]  # 0 to 16
    labels = torch.from_numpy(digits.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    train, val = order[:600], order[600:960]
    texts = encoder.embed_classes(DIGITS).embeddings
    arguments = (images[train], labels[train], images[val], texts)
    seen, unseen = encoder.embed_images(*arguments, silent)
    assert (seen.dtype, seen.shape, unseen.shape) == (torch.float32, (600, 256), (360, 256))
    torch.testing.assert_close(unseen.norm(dim=1), torch.ones(360))
    accuracy = [
        float((found @ texts.T).argmax(1).eq(labels[split]).double().mean())
        for found, split in ((seen, train), (unseen, val))
    ]
    assert min(accuracy) > 0.95
    assert abs(accuracy[0] - accuracy[1]) < 0.03
    again = encoder.embed_images(*arguments, silent)
    assert seen.equal(again[0])
    assert unseen.equal(again[1])


@pytest.mark.parametrize(("channels", "side"), [(3, 64), (1, 8), (3, 32), (1, 28)])
def test_patch_features_fit_any_image(channels: int, side: int) -> None:
    rng = torch.Generator().manual_seed(2)
    images = torch.randint(0, 256, (20, channels, side, side), generator=rng, dtype=torch.uint8)
    extract = PatchFeatures.from_images(images)
    features = extract(images)
    assert features.shape == (20, extract.dim)
    assert features.dtype == torch.float32
    assert features.ge(-1e-5).all()  # both sides are means of rectified responses
    torch.testing.assert_close(features[3:4], extract(images[3:4]), rtol=1e-4, atol=1e-5)


def test_a_patch_response_is_the_whitened_filter_on_the_normalised_patch() -> None:
    """filters and bias fold W, the mean and the contrast: undo none of it, compute it directly."""
    rng = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (30, 1, 8, 8), generator=rng, dtype=torch.uint8)
    extract = PatchFeatures.from_images(images)
    windows = (images[:1].double() * extract.gain).unfold(2, 3, 1).unfold(3, 3, 1)[0, 0]
    patches = windows.reshape(36, 9)
    normal = patches - patches.mean(1, keepdim=True)
    normal = normal / (normal.square().mean(1, keepdim=True) + 10).sqrt()
    response = normal @ extract.filters.double().flatten(1).T - extract.bias.double()
    above = (response - 0.5).relu().reshape(6, 6, -1)
    quadrants = above.reshape(2, 3, 2, 3, -1).mean((1, 3)).permute(2, 0, 1).flatten()
    found = extract(images[:1])[0, : len(quadrants)]
    torch.testing.assert_close(found, quadrants.float(), rtol=1e-4, atol=1e-4)


def ridge_by_hand(
    x: np.ndarray, y: np.ndarray, mean: np.ndarray, scale: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and intercept by the normal equations; the intercept is not penalised."""
    z = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    damping = np.diag([penalty] * x.shape[1] + [0.0])
    solution = np.linalg.solve(z.T @ z + damping, z.T @ y)
    return solution[:-1], solution[-1]


@pytest.mark.parametrize(("count", "features"), [(24, 5), (9, 14)])
@pytest.mark.parametrize("strength", [1e-3, 0.3])
def test_leave_one_out_is_refitting_without_the_row(
    count: int, features: int, strength: float
) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(2, 3, (count, features)), rng.normal(1, 1, (count, 3))
    unseen = rng.normal(2, 3, (4, features))
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)
    ridge = Ridge.fit(lambda rows: tx[rows], ty, strengths=(strength,))
    mean, scale, penalty = x.mean(0), x.std(0), strength * count
    weights, intercept = ridge_by_hand(x, y, mean, scale, penalty)
    np.testing.assert_allclose(
        ridge.predict(torch.from_numpy(unseen)),
        (unseen - mean) / scale @ weights + intercept,
        rtol=1e-7,
    )
    for i in range(count):
        rest = np.delete(np.arange(count), i)
        weights, intercept = ridge_by_hand(x[rest], y[rest], mean, scale, penalty)
        np.testing.assert_allclose(
            ridge.leave_one_out(tx[i : i + 1], ty[i : i + 1])[0],
            (x[i] - mean) / scale @ weights + intercept,
            rtol=1e-6,
        )


def test_strength_follows_the_noise_and_blocks_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = torch.Generator().manual_seed(5)
    x = torch.randn(200, 30, generator=rng, dtype=torch.float64)
    x[:, 7] = 4.0  # a constant feature must not divide by zero
    signal = x @ torch.randn(30, 2, generator=rng, dtype=torch.float64)
    noise = 30 * torch.randn(200, 2, generator=rng, dtype=torch.float64)
    clean = Ridge.fit(lambda rows: x[rows], signal)
    noisy = Ridge.fit(lambda rows: x[rows], signal + noise)
    assert clean.strength < noisy.strength
    monkeypatch.setattr("engine.encoders.ridge.BLOCK", 33)
    split = Ridge.fit(lambda rows: x[rows], signal)
    assert split.strength == clean.strength
    torch.testing.assert_close(split.predict(x), clean.predict(x))


def test_random_projection_keeps_cosines(encoder: WordNetEncoder) -> None:
    rows = np.random.default_rng(6).integers(0, len(encoder.graph.offsets), 400)
    exact = (encoder.closures[rows] @ encoder.closures[rows].T).toarray()
    found = encoder.synsets[rows] @ encoder.synsets[rows].T
    assert np.abs(found - exact).max() < 6 / np.sqrt(256)
    assert F.l1_loss(torch.from_numpy(found), torch.from_numpy(exact)) < 1 / np.sqrt(256)


def test_names_say_stand_in_without_torch_or_nltk() -> None:
    assert is_stand_in("wordnet-graph")
    assert not is_stand_in("ViT-B-32-quickgelu/openai")
    assert "not CLIP" in STAND_IN_LABEL
    code = (
        "import sys, engine.encoders, engine.encoders.names, engine.wordnet;"
        "assert not {'torch', 'nltk', 'open_clip', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
