# SPDX-License-Identifier: GPL-2.0
"""How Sphinx makes HTML of the documentation; `make htmldocs` calls it."""

import pathlib
import re

from docutils import nodes
from docutils.parsers.rst import Directive

_TOP = pathlib.Path(__file__).resolve().parent.parent

project = "overdrive"
author = "The overdrive authors"
project_copyright = author
release = re.search(r"^overdrive-version := (.*)$", (_TOP / "Kbuild").read_text(), re.M).group(1)
version = release

extensions = ["sphinx.ext.graphviz"]
exclude_patterns = ["man"]
graphviz_output_format = "svg"
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px", "sidebar_width": "260px"}
html_show_sourcelink = False
nitpicky = True


class Abi(Directive):
    """``.. abi:: FOLDER``: all files of a folder in the format of the kernel's Documentation/ABI, one below the other."""

    required_arguments = 1

    def run(self):
        env = self.state.document.settings.env
        folder = pathlib.Path(env.doc2path(env.docname)).parent / self.arguments[0]
        section = nodes.section()
        section.document = self.state.document
        for file in sorted(folder.iterdir()):
            env.note_dependency(str(file))
            part = nodes.section(ids=[nodes.make_id(file.name)])
            text = file.read_text()
            part += nodes.title(text=file.name)
            part += nodes.literal_block(text, text)
            section += part
        return section.children


def setup(app):
    app.add_directive("abi", Abi)
    return {"parallel_read_safe": True}
