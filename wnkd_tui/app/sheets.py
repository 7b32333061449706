"""How style sheets are kept."""

from textual.css.stylesheet import Stylesheet


class Sheets(Stylesheet):
    """Textual parses all of them anew for every page that is new; these only where the theme has
    other colours."""

    _outdated = True

    def set_variables(self, variables: dict[str, str]) -> None:
        self._outdated = variables != self._variables
        if self._outdated:
            super().set_variables(variables)

    def reparse(self) -> None:
        if self._outdated:
            super().reparse()
