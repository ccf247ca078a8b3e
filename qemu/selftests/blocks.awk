# SPDX-License-Identifier: GPL-2.0
#
# Takes the shell commands out of a document: "```sh" in Markdown, ".. code-block:: sh" in reStructuredText. Each block
# goes to a file of its own, OUT-NUMBER.
#
# awk -v out=OUT -f blocks.awk DOCUMENT

function begin() {
	number++
	file = sprintf("%s-%02d", out, number)
	printf "" >file
	inside = 1
}

FILENAME ~ /\.md$/ && /^```/ {
	if (inside)
		inside = 0
	else if ($0 == "```sh")
		begin()
	next
}

FILENAME ~ /\.rst$/ && /^\.\. code-block:: sh$/ {
	begin()
	next
}

# An indented block ends with the first line that is not.
FILENAME ~ /\.rst$/ && inside && /^[^ ]/ {
	inside = 0
}

inside {
	sub(/^   /, "")
	if ($0 != "")
		print >file
}
