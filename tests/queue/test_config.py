"""`config.toml`: what it may say, and one line for all that it may not."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wnkd_tui import config
from wnkd_tui.config import Config, ConfigError
from wnkd_tui.home import Home


@pytest.fixture
def home(tmp_path):
    """With nothing in it."""
    return Home(tmp_path)


@pytest.fixture
def write(home):
    def written(text):
        (home.root / config.CONFIG).write_text(text, encoding="utf-8")

    return written


def refused(home):
    with pytest.raises(ConfigError) as told:
        config.load(home)
    line = str(told.value)
    assert "\n" not in line
    assert str(home.root / config.CONFIG) in line
    return line


def test_without_a_file_all_is_as_shipped(home):
    shipped = config.load(home)
    assert shipped.queue.retries == 5
    assert shipped.notify.on == ("failed", "empty")
    assert not shipped.notify.somewhere


def test_a_file_says_what_it_wants_otherwise(home, write):
    write('[notify]\non = ["finished"]\ncommand = ["tell", "--loud"]\nevery = 5\n')
    notify = config.load(home).notify
    assert (notify.on, notify.command, notify.every) == (("finished",), ("tell", "--loud"), 5.0)
    assert notify.timeout == 10.0
    assert notify.somewhere
    assert config.load(home).queue.retries == 5


@pytest.mark.parametrize("url", ["https://example.org/x?y=z", "http://[::1]:8080/", "http://h"])
def test_webhooks_are_urls_of_the_web(home, write, url):
    write(f'[notify]\nwebhook = "{url}"\n')
    assert config.load(home).notify.webhook == url


WRONG = {
    "no TOML": ("[notify", "Expected"),
    "twice": ("[notify]\nevery = 1\nevery = 2", "Cannot overwrite"),
    "no section": ("[notifi]\n", "notifi: there is no such setting"),
    "a section that is none": ("notify = 3", "notify: should be a table of settings"),
    "a key that is none": ("[notify]\nurl = 'x'", "notify.url: there is no such setting"),
    "a key in two lines": ('[notify]\n"a\\nb" = 1', "notify.a b: there is no such setting"),
    "an event that is none": ("[notify]\non = ['lost']", "should be 'failed', 'finished' or 'empt"),
    "events that are no list": ("[notify]\non = 'failed'", "should be a list (found 'failed')"),
    "a command that is no list": ("[notify]\ncommand = 'tell'", "should be a list (found 'tell')"),
    "a command with a number": ("[notify]\ncommand = ['tell', 3]", "notify.command.1"),
    "a command without a program": ("[notify]\ncommand = ['', 'x']", "first word is the program"),
    "a command with a null": ('[notify]\ncommand = ["a\\u0000"]', "the sign with number 0"),
    "a file": ("[notify]\nwebhook = 'file:///etc/passwd'", "write a URL such as https://"),
    "no scheme": ("[notify]\nwebhook = 'example.org'", "write a URL such as https://"),
    "no host": ("[notify]\nwebhook = 'https:///x'", "write a URL such as https://"),
    "a URL with a blank": ("[notify]\nwebhook = 'https://h/a b'", "without blanks"),
    "a URL with two lines": ('[notify]\nwebhook = "https://h/\\nb"', "without blanks"),
    "a port that is none": ("[notify]\nwebhook = 'https://h:x/'", "Port could not be"),
    "a port too high": ("[notify]\nwebhook = 'https://h:99999/'", "Port out of range"),
    "half an address": ("[notify]\nwebhook = 'https://[::1'", "Invalid IPv6 URL"),
    "below 0": ("[notify]\nevery = -1", "greater than or equal to 0 (found -1)"),
    "no time": ("[notify]\ntimeout = 0", "greater than 0"),
    "without end": ("[notify]\nevery = inf", "notify.every: Input should be"),
    "not a number": ("[notify]\ntimeout = nan", "notify.timeout: Input should be"),
    "too long": ("[notify]\ntimeout = 1e6", "less than or equal to 600"),
    "longer than a week": ("[notify]\nevery = 1e300", "less than or equal to 604800"),
    "a truth": ("[notify]\nevery = true", "valid number (found True)"),
    "a text": ("[queue]\nretries = '5'", "queue.retries: Input should be a valid integer"),
    "a fraction": ("[queue]\nretries = 0.5", "queue.retries: Input should be a valid integer"),
    "a long value": (f"[notify]\non = '{'x' * 500}'", "..."),
    "lists without end": (f"a = {'[' * 9999}", "cannot read"),
    "tables without end": (f"queue{'.a' * 3000} = 1", "nested too deeply"),
    "a book": ("#" * 2**16 + "\n", "larger than 64 KiB"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_fault_is_one_line(home, write, fault):
    text, says = WRONG[fault]
    write(text)
    assert says in refused(home)


def test_what_cannot_be_read_is_one_line(home):
    path = home.root / config.CONFIG
    path.write_bytes(b"\xff\xfe")
    assert "utf-8" in refused(home)
    path.unlink()
    path.mkdir()
    assert "is a directory or a device" in refused(home)
    path.rmdir()
    os.mkfifo(path)  # nobody writes into it: to open it would be to wait
    assert "is a directory or a device" in refused(home)


def test_the_mark_that_some_editors_put_first_is_read_over(home, write):
    write("\ufeff[queue]\nretries = 1\n")
    assert config.load(home).queue.retries == 1


_words = st.sampled_from(["notify", "queue", "on", "every", "webhook", "command", "retries", "x"])
_scalars = st.one_of(
    st.sampled_from(["1", "-1", "1.5", "nan", "inf", "true", "1979-05-27", "07:32:00", "0x1f"]),
    st.sampled_from(["'failed'", "'https://h/'", "''", '"\\u0000"', '"\\n"', "'''a\nb'''"]),
    st.integers().map(str),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]"),
        st.tuples(_words, inner).map(lambda pair: f"{{{pair[0]} = {pair[1]}}}"),
    ),
    max_leaves=4,
)
_lines = st.one_of(
    _words.map(lambda name: f"[{name}]"),
    st.tuples(_words, _values).map(" = ".join),
    st.text(max_size=12),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.lists(_lines, max_size=6).map("\n".join))
def test_any_text_is_a_config_or_one_line(home, text):
    path = home.root / config.CONFIG
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(config.load(home), Config)
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017
