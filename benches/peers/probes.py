"""The literals that must still be readable after compression: by rules stated beforehand, and by lot.

Both look at the original alone, never at what a compressor made of it. The rules are the table in `README.md`.
"""

import csv
import hashlib
import html
import json
import re

MOST_BY_RULE = 60
BY_LOT = 20
SEED = "2024-06-11"
SHORTEST, LONGEST = 3, 160

COLOR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ESCAPE = re.compile(r"\\+(?:u[0-9a-fA-F]{4}|[\"/bfnrt\\])?")
ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|amp|lt|gt|quot|apos|nbsp);")
NUMBERED = re.compile(r"^ *\d+\t", re.M)
CUT = re.compile(r"[\s\"'`()\[\]{},;=<>|]+")
ENCODED = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
BODY = re.compile(r"^(?:[A-Za-z0-9+/]{48,}\r?\n)+(?:[A-Za-z0-9+/]+={0,2}\r?$)?", re.M)
CAMEL = re.compile(r"[a-z][A-Z]")
MARKED = re.compile(r"\d|\w[_./:-]\w")

TROUBLE = re.compile(r"error|failed|failure|fatal|panic|exception|warning|denied|refused|Traceback", re.I)
SUMMARY = re.compile(r"\d+ passed|\d+ failed|^total|Finished|\d+ problems?|\d+ warnings?|\d+ errors?|test result|Tests:"
                     r"|BUILD|files? changed|Found \d+")
COUNTED = re.compile(r"\b\d[\d.,]*%? [a-z]+|\b\d+\.\d+m?s\b")
PLACE = re.compile(r"[\w./@+~-]+\.\w+(?::\d+|\(\d+,\d+\)|\", line \d+)(?::\d+)?")
CODE = re.compile(r"\b(?:[A-Z]{1,6}\d{2,5}|E(?!RROR|XCEPT)[A-Z]{4,12}|\w+(?:Error|Exception|Warning))\b")
DEFINED = re.compile(
    r"\b(?:def|class|fn|func|function|struct|enum|trait|interface|export const)\s+\*?([A-Za-z_$][\w$]*)")
FRAME = re.compile(r"File \"[^\"]+\", line \d+|\(?[\w$./@-]+\.(?:java|js|cjs|mjs|go|rs|py|ts):\d+")
THROWN = re.compile(r"^(?:Caused by: |panic: )?[\w$.]*(?:Error|Exception|panic)\b.*", re.M)
SETTING = re.compile(r"^[ \t]*(?:- )?([-\w.\"/@]+)[ \t]*[:=][ \t]*(\S.*)$", re.M)
BRANCH = " \xa0│├└─┬|`+"
QUOTED = re.compile(r"\"([^\"\\\n]{3,80})\"|'([^'\\\n]{3,80})'")
WORDED = re.compile(r"[\w./#@-].*[\w./%]")
PAIR = re.compile(r"(\"(?:[^\"\\\x00-\x1f]|\\[\"/\\bfnrt])*\")\s*:\s*(\"(?:[^\"\\\x00-\x1f]|\\[\"/\\bfnrt])*\"|-?(?:0|[1-9]\d*))(?=\s*[,}\n])")
PART = re.compile(r"[:/\s]+|(?<=\w)-(?=\d+(?:-|$))")
PROSE = re.compile(r"^#+ .+|`[^`\n]{3,80}`|\b\d[\d.,]*[%A-Za-z]*(?: [a-z]+)?", re.M)

TELLING_KEYS = {"error", "message", "code", "status"}
WITH_TROUBLE = {"build log", "test run", "linter", "system log", "stack trace", "mixed", "json records"}
WITHOUT_EDGES = {"table", "listing", "csv", "base64", "html", "search"}


def by_rule(text: str, kind: str) -> list[str]:
    """At most `MOST_BY_RULE` literals, in the order of the text."""
    plain = COLOR.sub("", text)
    values = leaves(plain)
    found: list[str] = []
    if values is not None:
        found += of_json(values)
    elif kind not in WITHOUT_EDGES and not plain.startswith(("{", "[{")):
        found += edges(plain)
    if values is None and kind in WITH_TROUBLE:
        found += of_trouble(plain)
    if kind in RULES and values is None:
        found += RULES[kind](plain)
    # Whatever is no longer a piece of the original after the colors went was never there in one piece.
    kept = [one for one in unique(found) if SHORTEST <= len(one) <= LONGEST and any(form in text for form in forms(one))]
    return thinned(kept, MOST_BY_RULE)


def by_lot(text: str, kind: str, name: str, with_markup: bool = False) -> list[str]:
    """`BY_LOT` of the words that look like an identifier, a number or a path."""
    def rank(word: str) -> bytes:
        return hashlib.sha256(f"{SEED}\0{name}\0{word}".encode()).digest()
    return sorted(words(text, kind, with_markup), key=rank)[:BY_LOT]


def words(text: str, kind: str, with_markup: bool) -> set[str]:
    plain = without_numbers(COLOR.sub(" ", text))
    if kind == "html" and not with_markup:
        plain = without_markup(plain)
    plain = BODY.sub(" ", ENTITY.sub(" ", ESCAPE.sub(" ", plain)))
    found = set()
    for word in CUT.split(plain):
        word = word.strip(".:/-_*#!?~^&%$@+\\")
        if not SHORTEST <= len(word) <= LONGEST or not (MARKED.search(word) or CAMEL.search(word)):
            continue
        if not is_encoded(word) and word in text:
            found.add(word)
    return found


def without_numbers(text: str) -> str:
    """A text without the column of line numbers that a read tool puts before every line."""
    numbers = [int(number) for number in NUMBERED.findall(text)]
    counts_up = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return NUMBERED.sub("", text) if counts_up else text


def is_encoded(word: str) -> bool:
    """Whether a word is a piece of a base64 body: nobody looks for one by its letters."""
    return bool(ENCODED.fullmatch(word)) and bool(re.search(r"[a-z]", word) and re.search(r"[A-Z]", word)
                                                 and re.search(r"\d", word))


def forms(probe: str) -> list[str]:
    """How a literal may stand in a text: as it is, and as a string in JSON, which may be in a string again."""
    made = [probe]
    for ascii_only in (True, False):
        once = json.dumps(probe, ensure_ascii=ascii_only)[1:-1]
        made += [once, json.dumps(once, ensure_ascii=ascii_only)[1:-1]]
    made.append(html.escape(probe, quote=False))
    return unique(made)


def is_in(probe: str, text: str) -> bool:
    return any(form in text for form in forms(probe))


def is_in_parts(probe: str, text: str) -> bool:
    """Whether a literal stands in a text, if only piece by piece, as where hits are gathered under their path."""
    return is_in(probe, text) or all(is_in(part, text) for part in PART.split(probe) if part)


def leaves(text: str) -> list[tuple[str, object]] | None:
    """Key and value of every scalar, where the text is JSON, lines of JSON, or values one after another."""
    body = NUMBERED.sub("", text).strip()
    if not body.startswith(("{", "[")):
        return None
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(body):
        try:
            value, at = decoder.raw_decode(body, at)
        except (ValueError, RecursionError):
            # A value that was cut in the middle: its pairs are read one by one.
            pairs = [(json.loads(key), json.loads(value)) for key, value in PAIR.findall(body, at)]
            return found + pairs if len(pairs) >= 10 or at > len(body) // 2 else None
        collect(value, "", found)
        while at < len(body) and body[at].isspace():
            at += 1
    return found or None


def collect(value, key: str, found: list) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            collect(inner, name, found)
    elif isinstance(value, list):
        for inner in value:
            collect(inner, key, found)
    elif value is not None and not isinstance(value, bool):
        found.append((key, value))


def of_json(values: list[tuple[str, object]]) -> list[str]:
    stride = max(1, len(values) // 6)
    picked = [values[0], *values[stride // 2::stride][:5], values[-1]]
    found = []
    for key, value in picked:
        found += [key, first_line(value)]
    telling = [first_line(value) for key, value in values if key.lower() in TELLING_KEYS and isinstance(value, str)]
    return found + [one for one in unique(telling) if 3 <= len(one) <= 80][:10]


def first_line(value: object) -> str:
    # Floats are not written back: their digits may differ from those in the text.
    return value.strip().split("\n")[0].strip() if isinstance(value, str) else json.dumps(value)


def edges(text: str) -> list[str]:
    lines = [line.strip() for line in NUMBERED.sub("", text).splitlines() if line.strip()]
    # The last line of a text that was cut may be half of one; half of it is asked for as it stands.
    return [lines[0][:120].strip(), lines[-1][:120].strip()] if lines else []


def of_trouble(text: str) -> list[str]:
    found = []
    for line in text.splitlines():
        if SUMMARY.search(line):
            found += COUNTED.findall(line)
        if TROUBLE.search(line):
            found += PLACE.findall(line) + CODE.findall(line)
            found += [word for word in (piece.strip(".:/-_") for piece in CUT.split(line)) if MARKED.search(word)]
    return [one for one in found if not is_encoded(one)]


def of_diff(text: str) -> list[str]:
    found = []
    waits = False
    for line in text.splitlines():
        if line.startswith(("+++ ", "--- ")):
            name = line[4:].split("\t")[0].strip()
            if name != "/dev/null":
                found.append(name)
        elif line.startswith("@@"):
            waits = True
        elif waits and line[:1] in "+-" and (word := re.search(r"[A-Za-z_]\w{2,}", line)):
            found.append(word.group())
            waits = False
    return found


def of_search(text: str) -> list[str]:
    found = []
    hits = [match for line in text.splitlines() if (match := re.match(r"(?:([^:\n]+):)?(\d+)[:-](.*)", line))]
    for match in [*hits[::5], *hits[-1:]]:
        path, line, rest = match.groups()
        names = re.findall(r"[A-Za-z_]\w{2,}", rest)
        found += [*([path] if path else []), line, *sorted(names, key=len)[-1:]]
    return found


def of_cells(text: str) -> list[str]:
    rows = [line for line in text.splitlines() if line.strip(" -+|")]
    found = []
    for row in [*rows[::10], *rows[-1:]]:
        cells = [cell.strip() for cell in re.split(r"\s*\|\s*|\t|,(?=\S)|\s{2,}|(?<=\d)\s+(?=\S)|(?<=[A-Z%])\s(?=[A-Z%]+(?:\s|$))", row.strip()) if cell.strip()]
        if cells:
            found += [cells[0], cells[-1]]
    return found


def of_entries(text: str) -> list[str]:
    rows = [words for line in text.splitlines() if (words := line.lstrip(BRANCH).split())]
    return [word for row in [*rows[::10], *rows[-1:]] for word in (row[0], row[-1])]


def of_settings(text: str) -> list[str]:
    found = []
    for key, value in SETTING.findall(NUMBERED.sub("", text))[::10]:
        found += [key.strip("\"'"), value.strip().rstrip(",{[").strip().strip("\"'")]
    return found


def of_values(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = list(csv.reader(lines, delimiter="\t" if "\t" in lines[0] else ","))
    found = []
    for row in [*rows[::10], *rows[-1:]]:
        filled = [cell.strip() for cell in row if cell.strip()]
        found += [*filled[:1], *filled[-1:]]
    return found


def of_markup(text: str) -> list[str]:
    strip = re.compile(r"<[^>]*>")
    found = []
    for match in re.findall(r"<(?:title|h[1-6])\b[^>]*>(.*?)</(?:title|h[1-6])>", text, re.S):
        found.append(html.unescape(strip.sub("", match)).strip().rstrip("¶").strip().split("\n")[0])
    for address, label in re.findall(r"<a\b[^>]*?href=\"([^\"]+)\"[^>]*>(.*?)</a>", text, re.S)[::5]:
        found += [html.unescape(address), html.unescape(strip.sub("", label)).strip().split("\n")[0]]
    return found


def without_markup(text: str) -> str:
    """The text of a page, and where its links and pictures lead."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.S)
    return re.sub(r"<[^>]*>", lambda tag: " " + " ".join(re.findall(r"(?:href|src)=\"([^\"]+)\"", tag.group())) + " ", text)


def of_minified(text: str) -> list[str]:
    strings = [string for pair in QUOTED.findall(text) if WORDED.fullmatch(string := pair[0] or pair[1])]
    return re.findall(r"\d+\.\d+\.\d+", text[:400]) + strings[::max(1, len(strings) // 5)][:5]


def unique(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def thinned(items: list[str], most: int) -> list[str]:
    if len(items) <= most:
        return items
    return [items[at * len(items) // most] for at in range(most)]


RULES = {
    "diff": of_diff,
    "search": of_search,
    "source": lambda text: DEFINED.findall(text),
    "table": of_cells,
    "listing": of_entries,
    "csv": of_values,
    "stack trace": lambda text: FRAME.findall(text) + [line[:120] for line in THROWN.findall(text)],
    "config": of_settings,
    "html": of_markup,
    "prose": lambda text: PROSE.findall(text),
    "mixed": lambda text: PROSE.findall(text) if text.count("```") else [],
    "minified": of_minified,
}
