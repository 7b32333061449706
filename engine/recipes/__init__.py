"""The shipped recipes by name. What they say is read by `engine.recipe`, which takes pydantic."""

from importlib import resources

SUFFIX = ".toml"


def recipe_names() -> list[str]:
    """Names of the shipped recipes, sorted."""
    files = (file.name for file in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX))


def recipe_text(name: str) -> str:
    """The TOML of one of them."""
    return (resources.files(__name__) / f"{name}{SUFFIX}").read_text(encoding="utf-8")
