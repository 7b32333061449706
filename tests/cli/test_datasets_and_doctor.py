"""Datasets as people see them, and what `wnkd doctor` finds."""

import json
import sqlite3

from wnkd_tui.store.database import connect


def test_digits_is_there_from_the_start(wnkd, data):
    assert wnkd("dataset", "list").stdout.split() == [
        "digits", "digits", "10", "classes", "1438", "train", "359", "val", "built", "in",
    ]  # fmt: skip
    shown = data("dataset", "show", "digits")
    assert (shown["schema"], shown["name"], len(shown["classes"])) == (1, "digits", 10)
    for split in ("train", "val"):
        assert shown[split]["count"] == sum(shown[split]["per_class"])
    assert shown["skipped"] == []


def test_check_reads_the_images(wnkd, data):
    result = wnkd("dataset", "check", "digits")
    assert result.exit_code == 0
    assert "zero" in result.stdout
    assert "as it should be" in result.stderr
    assert data("dataset", "check", "digits")["train"]["count"] == 1438


def test_a_dataset_that_has_changed_is_told(wnkd, home, monkeypatch):
    from dataclasses import replace

    from engine.data import registry

    info = registry.builtin()[0]
    monkeypatch.setattr(registry, "check", lambda *_, **__: replace(info, key="0" * 64))
    result = wnkd("dataset", "check", "digits")
    assert result.exit_code == 2
    assert "its content is not what was added" in result.stderr


def checks(result):
    return {one["name"]: one for one in json.loads(result.stdout)["checks"]}


def test_doctor_finds_this_machine_well(wnkd):
    result = wnkd("doctor", "--json")
    found = checks(result)
    assert {"python", "torch", "gpu", "wordnet", "home", "disk", "database"} <= found.keys()
    wrong = [name for name, one in found.items() if not one["ok"] and name != "disk"]
    assert wrong == []
    assert "sound" in found["database"]["says"]


def test_doctor_tells_a_damaged_database_and_ends_with_1(wnkd, home):
    wnkd("queue", "add", "--sweep", "0,20,50,80,100", "--seeds", "3")
    conn = connect(home)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    content = bytearray(home.db.read_bytes())
    content[8192 : 8192 + 4096] = b"\xff" * 4096
    home.db.write_bytes(content)
    result = wnkd("doctor")
    assert result.exit_code == 1
    assert "WRONG  database" in result.stdout


def test_doctor_tells_a_dataset_whose_folder_is_gone(wnkd, home):
    with sqlite3.connect(home.db) as conn:
        conn.execute(
            "INSERT INTO dataset (name, kind, path, key, classes, train_per_class, val_per_class,"
            " added_at) VALUES ('far', 'cifar100', '/not/there', 'k', '[]', '[]', '[]', 0)"
        )
    result = wnkd("doctor")
    assert result.exit_code == 1
    assert "WRONG  dataset" in result.stdout
    assert "far: /not/there is gone" in result.stdout


def test_doctor_without_a_home(wnkd, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WNKD_HOME", str(tmp_path / "file"))
    result = wnkd("doctor")
    assert result.exit_code == 1
    assert "WRONG  home" in result.stdout
    assert "set WNKD_HOME" in result.stdout
