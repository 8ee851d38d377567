// Health: what runs, what is complete and what is not, and how the library grew.
import { html, useEffect, useState } from "../dom.js";
import { condition } from "../filters.js";
import { useAnswer } from "../parts/asking.js";
import { Command, Fault, Waiting } from "../parts/notices.js";
import { Bars, Shares } from "../parts/plots.js";
import { link } from "../route.js";
import { count, figure, month } from "../wording.js";

const PARTS = { state: "Database", index: "Search index", lake: "Lake" };
const EVERY = 20_000;

export function Health() {
  return html`<div class="bar"><h1>Health</h1></div>
    <${Ready} />
    <${Completeness} />
    <${Growth} />`;
}

/** The service's own word on itself; it answers 503 with the same document when a part is missing. */
function Ready() {
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    let gone = false;
    const look = () =>
      fetch("/readyz").then((answer) => answer.json()).then(
        (found) => gone || (setTold(found), setError(null)),
        () => gone || setError(new Error("The API does not answer. `darkroom status` tells what runs.")),
      );
    look();
    const timer = setInterval(look, EVERY);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, []);
  return html`<section aria-labelledby="parts">
    <h2 id="parts">What runs</h2>
    ${error && html`<${Fault} error=${error} />`}
    ${told && html`<ul class="checks">
      ${Object.entries(told.checks).map(([name, check]) => html`<li class=${check.ok ? "done" : "failed"}>
        <span class="dot" aria-hidden="true"></span><b>${PARTS[name] || name}</b> <span>${check.ok ? "answers" : "does not answer"}</span>
        <small class="quiet">${check.detail}, ${check.milliseconds < 1 ? "under 1" : Math.round(check.milliseconds)} ms</small>
      </li>`)}
    </ul>`}
    ${told && !told.ready && html`<p class="hint">Something is missing. On the machine, <${Command}>darkroom doctor<//> says what to do.</p>`}
  </section>`;
}

const STATES = [["done", "made"], ["missing", "not made yet"], ["failed", "failed"], ["off", "switched off"]];

function Completeness() {
  const { data, error, again } = useAnswer("/v1/outputs", { every: EVERY });
  if (error && !data) return html`<${Fault} error=${error} again=${again} />`;
  if (!data) return html`<${Waiting} />`;
  const total = Math.max(0, ...data.items.map(({ photos }) => photos.done + photos.failed + photos.missing + photos.off));
  const reasons = data.items.flatMap(({ output, reasons }) => reasons.map((one) => ({ ...one, output })));
  return html`<section aria-labelledby="complete">
    <h2 id="complete">What is complete <small>${count(total, "photo")}</small></h2>
    <table class="completeness">
      <thead><tr><th scope="col">Output</th><th scope="col">Photos</th>${STATES.map(([state, label]) => html`<th scope="col" class="number">${label}</th>`)}</tr></thead>
      <tbody>
        ${data.items.map(({ output, photos }) => html`<tr>
          <th scope="row">${output}</th>
          <td><${Shares} name=${output} parts=${STATES.map(([kind, label]) => ({ kind, label, value: photos[kind] }))} /></td>
          ${STATES.map(([state]) => html`<td class=${`number ${photos[state] ? state : "quiet"}`}>${photos[state] && state !== "done" ? html`<a href=${link("/", { where: `outputs.${output} = ${state}` })}>${figure(photos[state])}</a>` : figure(photos[state])}</td>`)}
        </tr>`)}
      </tbody>
    </table>
    ${reasons.length > 0 && html`<h3>Why not all</h3>
      <ul class="whys">
        ${reasons.map((one) => html`<li class=${one.state}><span class="dot" aria-hidden="true"></span><b>${one.output}</b> ${one.reason} <small><a href=${link("/", { where: `outputs.${one.output} = ${one.state}` })}>${count(one.photos, "photo")}</a></small></li>`)}
      </ul>`}
  </section>`;
}

function Growth() {
  const { data, error, again } = useAnswer("/v1/photos/timeline");
  if (error) return html`<${Fault} error=${error} again=${again} />`;
  if (!data?.months.length) return null;
  const dated = data.months.filter((one) => one.month).reverse();
  const years = new Map();
  for (const one of dated) years.set(one.month.slice(0, 4), (years.get(one.month.slice(0, 4)) || 0) + one.photos);
  const fine = years.size <= 2;
  const bars = fine
    ? dated.map((one) => ({ label: one.month, value: one.photos, title: `${month(one.month)}: ${count(one.photos, "photo")}`, href: link("/", { where: `taken_at = ${one.month}` }) }))
    : filled(years).map(([year, value]) => ({ label: year, value, title: `${year}: ${count(value, "photo")}`, href: link("/", { where: condition("year", "=", year) }) }));
  const without = data.months.find((one) => !one.month)?.photos;
  return html`<section aria-labelledby="growth">
    <h2 id="growth">When they were taken</h2>
    <${Bars} bars=${bars} name=${fine ? "Photos by month" : "Photos by year"} />
    ${without > 0 && html`<p class="quiet"><a href=${link("/", { where: "NOT taken_at:*" })}>${count(without, "photo")}</a> ${without === 1 ? "has" : "have"} no date.</p>`}
  </section>`;
}

/** Years in a row, those without photos included: a gap is something to see. */
function filled(years) {
  const known = [...years.keys()].map(Number);
  const all = [];
  for (let year = Math.min(...known); year <= Math.max(...known); year += 1) all.push([String(year), years.get(String(year)) || 0]);
  return all.slice(-80);
}
