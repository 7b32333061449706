from pathlib import Path

import pytest

from wnkd_tui.home import VARIABLE, Home, HomeError, Mount, mounted


def test_a_home_is_made_with_its_directories(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "new" / "home"))

    home = Home.find()

    assert home.root == tmp_path / "new" / "home"
    for directory in (home.jobs, home.artifacts, home.datasets, home.cache):
        assert directory.is_dir()
    assert home.db == home.root / "wnkd.db"
    assert not list(home.root.glob("tmp*"))


def test_without_the_variable_it_is_the_users_data_directory(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    assert Home.find().root.is_relative_to(tmp_path)


def test_a_home_that_cannot_be_written_is_refused_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "home"))

    with pytest.raises(HomeError) as told:
        Home.find()

    assert str(tmp_path / "file" / "home") in str(told.value)
    assert VARIABLE in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "lustre", "fuse.sshfs"])
def test_a_network_filesystem_is_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "share" / "home"))
    mounts = [Mount(Path("/"), "ext4"), Mount(tmp_path / "share", kind)]

    with pytest.raises(HomeError, match=f"network filesystem \\({kind}\\)"):
        Home.find(mounts)

    assert not (tmp_path / "share").exists()


def test_the_filesystem_that_counts_is_the_one_mounted_last_and_deepest(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))
    over = [Mount(Path("/"), "nfs"), Mount(tmp_path, "nfs4"), Mount(tmp_path, "ext4")]

    assert Home.find(over).root == tmp_path / "home"
    with pytest.raises(HomeError):
        Home.find(over[:2])


def test_a_link_to_a_network_filesystem_is_seen_through(tmp_path, monkeypatch):
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "link" / "home"))

    with pytest.raises(HomeError, match="nfs"):
        Home.find([Mount(Path("/"), "ext4"), Mount(tmp_path / "share", "nfs")])


def test_this_machines_mounts_are_read():
    assert Path("/") in [mount.directory for mount in mounted()]


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\udcff"])
def test_a_home_that_cannot_be_shown_is_refused_before_it_is_made(tmp_path, monkeypatch, name):
    monkeypatch.setenv(VARIABLE, str(tmp_path / name))

    with pytest.raises(HomeError, match="cannot be shown") as told:
        Home.find()

    assert str(told.value).isprintable()
    assert not list(tmp_path.iterdir())


def test_a_home_that_leads_nowhere_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for place in (str(tmp_path / "a"), "~nobody-of-this-name/home"):
        monkeypatch.setenv(VARIABLE, place)
        with pytest.raises(HomeError, match="set"):
            Home.find()
