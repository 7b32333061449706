"""What was drawn last: drawing it again costs as much as drawing something else."""


class News:
    def __init__(self) -> None:
        self._drawn: dict[str, tuple[object, ...]] = {}

    def of(self, what: str, *now: object) -> bool:
        """Whether `what` is to be drawn, being otherwise than it was last."""
        before, self._drawn[what] = self._drawn.get(what), now
        return before is None or any(
            one is not two and one != two for one, two in zip(before, now, strict=True)
        )
