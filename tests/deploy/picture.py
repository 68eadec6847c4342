"""Draws the deployed parts out of template.yaml, as SVG: `picture.py > infra/picture.svg`.

Functions in the middle, by the door through which they are called; left who calls, right
what they call. An arrow to a function is one of its events, an arrow from it a variable or
a right of its role.
"""

import sys
from pathlib import Path

import yaml

TEMPLATE = Path(__file__).resolve().parent.parent.parent / "template.yaml"


class Loader(yaml.SafeLoader):
    """Takes `!Ref Table` for its argument."""


def argument(loader, _, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", argument)

# Where each kind of event comes from: the door, who is behind it, and the door's colour.
DOORS = {
    "Api": ("public REST API", "drivers’ phones, PayPal’s webhooks", "#1f5fbf"),
    "HttpApi": ("office HTTP API", "the city’s clerks and systems", "#7a3fa0"),
    "Schedule": ("schedules", "the clock, each minute", "#8a6d00"),
    "DynamoDB": ("stream of the table", "a change was written", "#2f7d32"),
}
# What is called, by what gives it away.
CALLED = {
    "table": ("DynamoDB table", "restorable to the second", "#2f7d32"),
    "secrets": ("Parameter Store", "secrets, read as a function starts", "#5f6368"),
    "paypal": ("PayPal", "orders, captures, refunds, books", "#1f5fbf"),
    "systems": ("the city’s systems", "signed webhooks", "#7a3fa0"),
}
# Beside every stack: what no function calls.
AROUND = ["web ACL (WAF) before the public door", "alarms ─▶ one topic ─▶ whoever is on call",
          "dashboard", "backups, daily and monthly", "dead letters of the schedules",
          "who looked at which case: until the next year ends (§ 76 BDSG)",
          "versions: canary, and back by alarms", "one key (KMS) for table, secrets and logs"]

WIDTH, ROW, GAP, TOP = 1180, 22, 16, 70
LEFT, MIDDLE, RIGHT = (20, 230), (380, 370), (910, 250)


def functions():
    """Each function with its events, and what it calls."""
    resources = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)["Resources"]
    for name, resource in resources.items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        events = [(it["Type"], " ".join(str(it["Properties"].get(key) or "")
                                        for key in ("Method", "Path")).strip())
                  for it in properties["Events"].values()]
        variables = properties.get("Environment", {}).get("Variables", {})
        role = str(resources[f"{name}Role"])
        called = {
            "table": "dynamodb:" in role,
            "secrets": any(it.endswith("_PARAMETER") for it in variables),
            # The page only has to allow the way there.
            "paypal": "PAYPAL_CREDENTIALS_PARAMETER" in variables,
            "systems": "SUBSCRIBERS_PARAMETER" in variables,
        }
        folder = properties["CodeUri"].rstrip("/").split("/")[-1]
        yield folder, events, [it for it, is_so in called.items() if is_so]


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def box(x, y, width, height, title, lines, colour):
    yield (f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="#fff" '
           f'stroke="{colour}" stroke-width="1.5"/>')
    yield (f'<text x="{x + 12}" y="{y + 19}" font-weight="600" fill="{colour}">'
           f'{escaped(title)}</text>')
    for number, line in enumerate(lines):
        yield (f'<text x="{x + 12}" y="{y + 19 + (number + 1) * ROW - 4}" fill="#3c4043" '
               f'font-size="12">{escaped(line)}</text>')


def arrow(start, end, colour):
    (x1, y1), (x2, y2) = start, end
    bend = (x1 + x2) / 2
    yield (f'<path d="M{x1} {y1:.0f} C{bend:.0f} {y1:.0f} {bend:.0f} {y2:.0f} {x2} {y2:.0f}" '
           f'fill="none" stroke="{colour}" stroke-opacity="0.55" marker-end="url(#tip)"/>')


def picture():
    boxes, arrows, y = [], [], TOP
    drawn = []
    for name, events, called in functions():
        routes = [text for _, text in events if text]
        height = 30 + ROW * len(routes)
        boxes += box(MIDDLE[0], y, MIDDLE[1], height, name, routes, "#202124")
        drawn.append((y + height / 2, {kind for kind, _ in events}, called))
        y += height + GAP
    bottom = y
    doors = evenly(DOORS, bottom)
    targets = evenly(CALLED, bottom)
    for kind, place in doors.items():
        title, line, colour = DOORS[kind]
        boxes += box(LEFT[0], place - 27, LEFT[1], 54, title, [line], colour)
    for kind, place in targets.items():
        title, line, colour = CALLED[kind]
        boxes += box(RIGHT[0], place - 27, RIGHT[1], 54, title, [line], colour)
    for middle, kinds, called in drawn:
        for kind in sorted(kinds):
            arrows += arrow((LEFT[0] + LEFT[1], doors[kind]), (MIDDLE[0] - 6, middle), DOORS[kind][2])
        for kind in called:
            start = (MIDDLE[0] + MIDDLE[1], middle)
            arrows += arrow(start, (RIGHT[0] - 6, targets[kind]), CALLED[kind][2])
    boxes += box(LEFT[0], bottom + 10, WIDTH - 40, 40 + ROW * len(AROUND),
                 "around all of it", AROUND, "#5f6368")
    height = bottom + 70 + ROW * len(AROUND)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="14">',
        "<title>What is deployed: doors, functions, and what they call</title>",
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="6" refY="4" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#5f6368"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#f8f9fa"/>',
        *(f'<text x="{x}" y="40" fill="#5f6368">{text}</text>' for (x, _), text in
          ((LEFT, "who calls"), (MIDDLE, "functions, by template.yaml"), (RIGHT, "what is called"))),
        *arrows, *boxes, "</svg>", ""])


def evenly(kinds, bottom):
    step = (bottom - TOP) / len(kinds)
    return {kind: TOP + step * (number + 0.5) for number, kind in enumerate(kinds)}


if __name__ == "__main__":
    sys.stdout.write(picture())
