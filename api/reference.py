"""The reference as a page: made from the OpenAPI document, without scripts, so that it works offline and under a CSP.

Belongs here: turning the document into HTML. Does not belong here: anything the document does not say.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 58rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: .875rem/1.45 ui-monospace, monospace }
pre { padding: .75rem; overflow-x: auto; background: color-mix(in srgb, currentColor 8%, transparent) }
section { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); margin-top: 1.5rem }
h3 b { font-family: ui-monospace, monospace; font-weight: 600 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .2rem .75rem .2rem 0 }
small { opacity: .75 }
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'; sandbox"


def page(document: Mapping[str, Any], address: str) -> str:
    """The document as HTML; `address` is where the API is, for the examples."""
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_tag[operation["tags"][0]].append(_operation(document, address, method.upper(), path, operation))
    tags = "".join(
        f"<h2>{escape(tag['name'].capitalize())}</h2><p>{escape(tag['description'])}</p>{''.join(by_tag[tag['name']])}"
        for tag in document["tags"]
    )
    title = escape(f"{document['info']['title']} API {document['info']['version']}")
    paragraphs = "".join(f"<p>{_prose(part)}</p>" for part in document["info"]["description"].strip().split("\n\n"))
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title><style>{STYLE}</style></head>"
        f"<body><h1>{title}</h1>{paragraphs}"
        "<p>For tools: <code>/openapi.json</code>. Types of problems: <code>/problems</code>.</p>"
        f"{tags}</body></html>"
    )


def _operation(document: Mapping[str, Any], address: str, method: str, path: str, operation: Mapping[str, Any]) -> str:
    scopes = [scope for one in operation.get("security", []) for scopes in one.values() for scope in scopes]
    needs = f"Needs the scope {', '.join(scopes)}." if scopes else "Needs no key."
    described = "".join(f"<p>{_prose(part)}</p>" for part in operation["description"].split("\n\n"))
    statuses = ", ".join(operation["responses"])
    return (
        f"<section><h3><b>{method}</b> <code>{escape(path)}</code></h3><p><strong>{escape(operation['summary'])}"
        f"</strong> <small>{escape(needs)}</small></p>{described}{_parameters(operation)}"
        f"<pre>{escape(_example(document, address, method, path, operation))}</pre>"
        f"<p><small>Answers {escape(statuses)}.</small></p></section>"
    )


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code><td>{escape(one['in'])}{', required' if one['required'] else ''}"
        f"<td>{_prose(one.get('description', ''))}"
        for one in operation.get("parameters", [])
    )
    return f"<table><tr><th>Parameter<th>Where<th>What{rows}</table>" if rows else ""


def _example(document: Mapping[str, Any], address: str, method: str, path: str, operation: Mapping[str, Any]) -> str:
    query = []
    for one in operation.get("parameters", []):
        value = next(_values(one["schema"]), "")
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", str(value))
        elif one["in"] == "query" and one["required"]:
            query.append(f"{one['name']}={value}")
    lines = [f"curl '{address.rstrip('/')}{path}{'?' + '&'.join(query) if query else ''}'"]
    if operation.get("security"):
        lines.append("  -H 'Authorization: Bearer dk_…'")
    if method != "GET":
        lines.append(f"  -X {method}")
    for media in operation.get("requestBody", {}).get("content", ()):
        lines.append(f"  -H 'Content-Type: {media}'")
        if media == "application/json":
            lines.append(f"  -d '{json.dumps(_body(document, operation), ensure_ascii=False)}'")
        else:
            lines.append("  --data-binary @FILE")
    return " \\\n".join(lines)


def _values(schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from schema.get("examples", [])
    yield from schema.get("enum", [])


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
    content = operation["requestBody"]["content"]["application/json"]
    for example in content.get("examples", {}).values():
        return example["value"]
    named = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return next(iter(named.get("examples", [{}])))


def _prose(text: str) -> str:
    parts = escape(" ".join(text.split())).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
