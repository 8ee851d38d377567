// The menu beside the search box: filters for those who do not type them.
import { html, useEffect, useRef } from "../dom.js";
import { condition } from "../filters.js";
import { Icon } from "./icons.js";

export function FilterMenu({ add }) {
  const panel = useRef(null);
  useEffect(() => {
    const close = () => panel.current.hidePopover();
    window.addEventListener("hashchange", close);
    return () => window.removeEventListener("hashchange", close);
  }, []);
  function apply(event) {
    event.preventDefault();
    const form = event.target;
    const given = Object.fromEntries(new FormData(form));
    const made = [];
    if (given.from) made.push(condition("taken_at", ">=", given.from));
    if (given.until) made.push(`taken_at <= ${given.until}`);
    if (given.camera.trim()) made.push(condition("camera.model", ":", given.camera.trim()));
    if (given.keyword.trim()) made.push(condition("keywords", ":", given.keyword.trim()));
    if (given.rating) made.push(`rating >= ${given.rating}`);
    if (given.place) made.push("location:*");
    if (given.text) made.push("text:*");
    panel.current.hidePopover();
    form.reset();
    if (made.length) add(made);
  }
  return html`<button type="button" class="bare" popovertarget="filters" aria-label="Add filters" title="Add filters">
      <${Icon} name="filter" />
    </button>
    <div id="filters" popover="auto" class="panel" ref=${panel} role="dialog" aria-label="Add filters">
      <form class="fields" onSubmit=${apply}>
        <label>Taken from <input type="date" name="from" /></label>
        <label>until <input type="date" name="until" /></label>
        <label>Camera <input type="text" name="camera" placeholder="EOS R6" /></label>
        <label>Keyword <input type="text" name="keyword" placeholder="receipt" /></label>
        <label>Stars
          <select name="rating">
            <option value="">any</option>
            ${[1, 2, 3, 4, 5].map((stars) => html`<option value=${stars}>${stars === 5 ? "5" : `${stars} or more`}</option>`)}
          </select>
        </label>
        <label class="tick"><input type="checkbox" name="text" /> has text in it</label>
        <label class="tick"><input type="checkbox" name="place" /> has a place</label>
        <button class="button strong">Add</button>
      </form>
      <p class="quiet">Or type them: <code>year = 2024</code>, <code>keywords:receipt</code>, <code>rating >= 4</code></p>
    </div>`;
}
