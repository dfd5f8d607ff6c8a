"""What `--help` says, for tests of what repeats it by hand: manual pages, completions."""
import re
import subprocess


def text(whether, *words):
    return subprocess.run([*whether, *words, "--help"], check=True, capture_output=True, text=True).stdout


def commands(whether):
    found = re.findall(r"^  ([a-z]+) +.*$", text(whether).split("\n\n")[1], re.M)
    assert "ask" in found and len(found) >= 9, found
    return found


def options(whether, *command):
    """Long option -> what follows it in help ("FILE", "line|short|full"), "" where it takes no value."""
    found = dict(re.findall(r"^  (?:-\w, |    )--([a-z-]+)(?: (\S+))?", text(whether, *command), re.M))
    assert {"config", "help", "version"} <= found.keys(), found
    return found
