// Imports: what was taken in, what is being taken in right now, and what could not be.
import { address, ask } from "../api.js";
import { html, useEffect, useState } from "../dom.js";
import { useAnswer, usePages } from "../parts/asking.js";
import { Icon } from "../parts/icons.js";
import { More } from "../parts/more.js";
import { Command, Empty, Fault, Waiting } from "../parts/notices.js";
import { say } from "../parts/toast.js";
import { count, figure, instant, readable, seconds } from "../wording.js";

// A browser opens six connections to a host, for all its windows: what is followed live must leave some of them.
const LIVE = 2;
const EVERY = 4000;
const LARGEST_PAGE = 200;
const ENDED = ["succeeded", "failed", "cancelled"];
const STATES = {
  new: "waiting", planning: "listing files", running: "running", succeeded: "done", failed: "failed",
  cancelling: "stopping", cancelled: "stopped",
};

export function Imports({ me }) {
  const list = usePages("/v1/imports", { limit: 20 });
  const { items, change } = list;
  const sources = usePages("/v1/sources", { limit: 200 });
  const may = me.scopes.includes("imports:write");
  const update = (now) => change((all) => all.map((one) => (one.id === now.id ? now : one)));
  const live = followed(items || []);
  const last = (items || []).findLastIndex((one) => !ENDED.includes(one.state) && !live.has(one.id));
  const others = useAnswer(last < 0 ? null : address("/v1/imports", { limit: Math.min(last + 1, LARGEST_PAGE) }), { every: EVERY });
  useEffect(() => {
    if (!others.data) return;
    const told = new Map(others.data.items.map((one) => [one.id, one]));
    // What came live is newer than an answer that was under way.
    change((all) => all.map((one) => (ENDED.includes(one.state) || live.has(one.id) ? one : told.get(one.id) || one)));
  }, [others.data]);

  async function start(source) {
    try {
      const made = await ask("/v1/imports", { method: "POST", body: { source_id: source.id } });
      change((all) => [made, ...all.filter((one) => one.id !== made.id)]);
      say(`Looking through ${source.name}`);
    } catch (fault) {
      say(fault.message, { fault: true });
    }
  }
  const names = Object.fromEntries((sources.items || []).map((source) => [source.id, source]));
  return html`<div class="bar"><h1>Imports</h1></div>
    ${sources.items?.length > 0 && html`<section aria-label="Folders">
      <ul class="sources">
        ${sources.items.map((source) => html`<li key=${source.id}>
          <div><b>${source.name}</b> <span class="quiet">${source.mode === "copy" ? "originals are copied" : "read in place"}${source.watched ? ", watched" : ""}</span><p class="path">${readable(source.path)}</p></div>
          ${may && html`<button class="button" aria-label=${`Look for new files in ${source.name}`} onClick=${() => start(source)}>Look for new files</button>`}
        </li>`)}
      </ul>
    </section>`}
    ${items?.length === 0 && html`<${Empty} title="Nothing was imported yet">
      <p>Name a folder on the machine Darkroom runs on. Its files are read where they are, and never changed.</p>
      <p><${Command}>darkroom import ~/Pictures --wait<//></p>
    <//>`}
    <ol class="imports">
      ${items?.map((one) => html`<${Import} key=${one.id} one=${one} source=${names[one.source_id]} may=${may} live=${live.has(one.id)} unheard=${Boolean(others.error)} update=${update} />`)}
    </ol>
    <${More} list=${list} />`;
}

/** The ids of the imports that are followed live: those that run before those that wait, the newest first. */
function followed(imports) {
  const runs = imports.filter((one) => !ENDED.includes(one.state) && one.state !== "new");
  const waits = imports.filter((one) => one.state === "new");
  return new Set([...runs, ...waits].slice(0, LIVE).map((one) => one.id));
}

function Import({ one, source, may, live, unheard, update }) {
  const { progress, gates } = one;
  const running = !ENDED.includes(one.state);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (!live) return undefined;
    setLost(false);
    const events = new EventSource(`/v1/imports/${one.id}/events`);
    const told = (event) => {
      setLost(false);
      update(JSON.parse(event.data));
      if (event.type === "end") events.close();
    };
    events.addEventListener("import", told);
    events.addEventListener("end", told);
    events.addEventListener("error", () => setLost(true));
    return () => events.close();
  }, [one.id, live]);
  async function cancel() {
    try {
      update(await ask(`/v1/imports/${one.id}/cancel`, { method: "POST" }));
    } catch (fault) {
      say(fault.message, { fault: true });
    }
  }
  const parts = [
    progress.files_listed !== null && count(progress.files_listed, "file seen", "files seen"),
    progress.files_new !== null && count(progress.files_new, "new", "new"),
    count(progress.photos_published, "photo published", "photos published"),
    running && progress.rate_per_second && `${progress.rate_per_second.toFixed(1)} a second`,
    running && progress.eta_seconds !== null && `${seconds(progress.eta_seconds)} left`,
  ].filter(Boolean);
  const label = `${source?.name || "Import"}${one.path ? `, ${readable(one.path)}` : ""}`;
  return html`<li class=${`import ${one.state}`}>
    <header>
      <h2>${label}</h2>
      <span class="state"><span class="dot" aria-hidden="true"></span>${STATES[one.state]}</span>
      <span class="room"></span>
      <time class="quiet" datetime=${one.created_at}>${instant(one.created_at)}</time>
    </header>
    ${running && html`<progress max="100" value=${one.state === "new" || one.state === "planning" ? undefined : progress.percent} aria-label=${`Progress of ${label}`}></progress>`}
    <p class="figures">${parts.join(" · ")}${running && (live ? lost : unheard) ? html` <span class="quiet">(waiting for news)</span>` : ""}</p>
    ${one.error && html`<p class="hint" role="note">${one.error}</p>`}
    ${gates.failed > 0 && html`<p class="hint">${count(gates.failed, "quality gate")} stopped a batch; the photos before it are published.</p>`}
    ${progress.files_failed > 0 && html`<${Failures} id=${one.id} failed=${progress.files_failed} />`}
    ${running && may && one.state !== "cancelling" && html`<p class="actions"><button class="button" onClick=${cancel}>Stop</button></p>`}
  </li>`;
}

function Failures({ id, failed }) {
  const [open, setOpen] = useState(false);
  return html`<details class="failures" onToggle=${(event) => setOpen(event.target.open)}>
    <summary>${figure(failed)} ${failed === 1 ? "file was" : "files were"} not taken in</summary>
    ${open && html`<${FailureList} id=${id} />`}
  </details>`;
}

function FailureList({ id }) {
  const { items, error, more, next, retry } = usePages(`/v1/imports/${id}/failures`, { limit: 50 });
  if (!items) return error ? html`<${Fault} error=${error} again=${retry} />` : html`<${Waiting} />`;
  return html`<ul>
      ${items.map((one) => html`<li key=${one.id}><${Icon} name="close" /><div><b class="path">${one.path ? readable(one.path) : one.output}</b><p>${one.reason}${one.transient ? " It may work another time." : ""}</p></div></li>`)}
    </ul>
    ${error ? html`<${Fault} error=${error} again=${retry} />` : more && html`<button class="button" onClick=${next}>Show more</button>`}`;
}
