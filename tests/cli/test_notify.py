"""`wnkd notify` says what happened to a notice that is only a try."""

import sys

import pytest


@pytest.fixture
def configured(home):
    def write(text):
        (home.root / "config.toml").write_text(text, encoding="utf-8")

    return write


def program(home, lines):
    path = home.root / "tell.py"
    path.write_text(f"#!{sys.executable} -IS\nimport os, sys\n{lines}\n")
    path.chmod(0o755)
    return f"[notify]\non = []\nevery = 9999\ncommand = ['{path}']\n"


def test_nothing_configured_says_what_to_write(wnkd, home):
    result = wnkd("notify")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert f"write into {home.root}/config.toml [notify]" in result.stderr
    assert 'webhook = "https://' in result.stderr


def test_a_try_is_sent_at_once(wnkd, home, configured):
    configured(program(home, "print(os.environ['WNKD_EVENT'], *sys.argv[1:])"))
    result = wnkd("notify", "hello\nwörld")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "sent: command tell.py: exit code 0\n    test hello wörld\n"
    assert "can reach you" in wnkd("notify").stderr


def test_a_failure_is_1(wnkd, home, configured):
    configured(program(home, "sys.exit('no route')") + "webhook = 'http://127.0.0.1:1/secret'\n")
    result = wnkd("notify")
    assert result.exit_code == 1
    assert "FAILED: command tell.py: exit code 1\n    no route\n" in result.stderr
    assert "FAILED: webhook 127.0.0.1: " in result.stderr
    assert "secret" not in result.stderr
    log = (home.root / "notices.log").read_text()
    assert log.count("NOT sent (test)") == 2
    assert "secret" not in log


def test_a_faulty_file_is_one_line_and_2(wnkd, configured):
    configured("[notify]\nwebhook = 'file:///etc/passwd'\n")
    result = wnkd("notify")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "notify.webhook: write a URL such as https://" in result.stderr
