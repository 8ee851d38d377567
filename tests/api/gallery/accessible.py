"""What can be checked of a page's accessibility without a person: names, order, landmarks, contrast.

Belongs here: rules of WCAG 2.2 AA that a program can judge. Does not belong here: opening pages (`browser`).
"""

from __future__ import annotations

from tests.api.gallery.browser import Page

NAMED = {
    "button", "link", "textbox", "searchbox", "combobox", "slider", "checkbox", "radio", "image", "img", "dialog",
    "region", "progressbar", "form", "group",
}  # fmt: skip
UNNAMED_IS_FINE = {"group", "form", "region"}
"""Roles that browsers also give to what is only there for the looks."""

CONTRAST = """(() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = (text) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = text;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
    const light = (one) => {
        const [r, g, b] = one.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        const layers = [];
        for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
        return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
    };
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        if (!walk.currentNode.textContent.trim() || !element.checkVisibility({opacityProperty: true})) continue;
        if (element.closest('.unseen, [inert], :disabled, .mark, .skip, .hand, .tools')) continue;
        const style = getComputedStyle(element);
        const background = behind(element);
        const [one, other] = [light(over(rgba(style.color), background)), light(background)].sort((a, b) => b - a);
        const ratio = (one + 0.05) / (other + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        const said = walk.currentNode.textContent.trim().slice(0, 40);
        if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${said}`);
    }
    return found;
})()"""

STRUCTURE = """(() => {
    const found = [];
    const visible = (one) => one.checkVisibility() && !one.closest('[inert]');
    const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
    found.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map(id => `the id ${id} is there twice`));
    const headings = [...document.querySelectorAll('h1')].filter(visible);
    if (headings.length !== 1) found.push(`${headings.length} headings of the first level`);
    if (!document.documentElement.lang) found.push('no language');
    if (!document.title) found.push('no title');
    for (const one of document.querySelectorAll('[tabindex]')) if (one.tabIndex > 0) found.push('a positive tabindex');
    for (const one of document.querySelectorAll('img:not([alt])')) found.push(`a picture without alt: ${one.src}`);
    for (const one of document.querySelectorAll('ul, ol')) {
        for (const child of one.children) if (child.tagName !== 'LI') found.push(`a ${child.tagName} in a list`);
    }
    for (const one of document.querySelectorAll('[aria-labelledby], [aria-describedby]')) {
        const named = one.getAttribute('aria-labelledby') || one.getAttribute('aria-describedby');
        for (const id of named.split(' ')) if (!document.getElementById(id)) found.push(`nothing has the id ${id}`);
    }
    const [width, wide] = [document.documentElement.clientWidth, document.documentElement.scrollWidth];
    if (wide > width) found.push(`${wide} pixels wide in a window of ${width}`);
    return found;
})()"""


def faults(page: Page) -> list[str]:
    """What is wrong with what the page shows now, in words."""
    found = [f"contrast {one}" for one in page.js(CONTRAST)] + list(page.js(STRUCTURE))
    for node in page.tree():
        role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value", "")
        if node.get("ignored") or role not in NAMED or role in UNNAMED_IS_FINE:
            continue
        if not name.strip():
            found.append(f"a {role} without a name")
    return found


def landmarks(page: Page) -> set[str]:
    """Roles of the landmarks there are."""
    wanted = {"main", "navigation", "search", "banner"}
    return {node["role"]["value"] for node in page.tree() if not node.get("ignored")} & wanted
