#!/usr/bin/env python3
"""usage: man-keys.py WHETHER TEMPLATE >whether.ini.5

Puts the sections and keys into the manual page, in place of @KEYS@: from `whether check --keys` what they mean, from
`whether check --example` what a section is for. So the page cannot say anything else than the program does.
"""
import re
import subprocess
import sys
import textwrap

ROW = re.compile(r"\| `\[(.+?)\]` \| (.+?) \| (.*?) ?\| (.+) \|$")


def says(whether, option):
    return subprocess.run([whether, "check", option], check=True, capture_output=True, text=True).stdout


def escape(text):
    """A line of text for roff: no escapes, and no request by accident."""
    text = text.replace("\\", "\\e")
    return "\\&" + text if text.startswith((".", "'")) else text


def purposes(example):
    """section -> what is said of it: the comment right above it."""
    found, comment = {}, []
    for line in example.splitlines():
        section = re.fullmatch(r"#?\[(.+)\]", line)
        if section:
            found[section[1]] = " ".join(comment)
        if re.match(r"# ", line):
            comment.append(line[2:])
        else:
            comment = []
    return found


def paragraph(text):
    """roff wants each sentence on a line of its own, of at most 80 bytes."""
    sentences = re.sub(r"(?<=[a-z0-9)\]])\. (?=[A-Z0-9[])", ".\n", text).splitlines()
    return [escape(line) for sentence in sentences
            for line in textwrap.wrap(sentence, 79, break_long_words=False, break_on_hyphens=False)]


def page(keys, purpose):
    lines, current = [], None
    for line in keys.splitlines():
        row = ROW.match(line)
        if not row:
            continue
        section, names, default, meaning = row.groups()
        if section != current:
            if current is not None:
                lines.append(".El")
            lines += [f".Ss [{escape(section)}]", *paragraph(purpose[section]), ".Bl -tag -width Ds"]
            current = section
        default = default.strip("`")
        words = re.findall(r"`(.+?)`", names)
        lines.append(".It " + " , ".join("Ic " + escape(word) for word in words)
                     + ("" if default in ("", "needed") else f' Li "= {escape(default)}"'))
        lines += paragraph(meaning)
    return "\n".join([*lines, ".El"])


whether, template = sys.argv[1:]
keys = page(says(whether, "--keys"), purposes(says(whether, "--example")))
print(open(template, encoding="utf-8").read().replace("@KEYS@", keys), end="")
