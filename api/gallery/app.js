// The gallery's composition root: who is signed in, which view the address names, what is around it.
import { ask, isThere, onSignedOut, Refused } from "./api.js";
import { html, render, useCallback, useEffect, useMemo, useRef, useState } from "./dom.js";
import { go, link, useRoute } from "./route.js";
import { useShortcuts } from "./keys.js";
import { Header, Navigation } from "./parts/header.js";
import { Help } from "./parts/help.js";
import { Fault, Waiting } from "./parts/notices.js";
import { Toast } from "./parts/toast.js";
import { Duplicates } from "./views/duplicates.js";
import { Health } from "./views/health.js";
import { Imports } from "./views/imports.js";
import { People } from "./views/people.js";
import { Person } from "./views/person.js";
import { Photo } from "./views/photo.js";
import { Photos } from "./views/photos.js";
import { SignedOut } from "./views/signedout.js";

const OPTIONAL = { people: "/v1/people", duplicates: "/v1/duplicates" };
const TITLES = { photos: "Photos", people: "People", duplicates: "Duplicates", imports: "Imports", health: "Health" };

function App() {
  const [me, setMe] = useState(undefined);
  const [fault, setFault] = useState(null);
  const [views, setViews] = useState(null);
  const [problem, setProblem] = useState(null);
  const route = useRoute();
  const help = useRef(null);
  const sequence = useRef(null);
  const behind = useRef({ steps: [], parameters: {} });

  const start = useCallback(async () => {
    setFault(null);
    try {
      const found = await ask("/v1/me");
      setMe(found);
      if (location.pathname !== "/") history.replaceState(null, "", `/${location.hash}`);
      const there = await Promise.all(Object.entries(OPTIONAL).map(async ([name, path]) => ((await isThere(path)) ? name : null)));
      setViews(["photos", ...there.filter(Boolean), "imports", "health"]);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) setMe(null);
      else setFault(error);
    }
  }, []);
  useEffect(() => {
    start();
    return onSignedOut(() => setMe(null));
  }, []);
  useShortcuts({ "?": () => help.current?.showModal(), "/": () => document.getElementById("search")?.focus() }, Boolean(me));

  const [first = "photos"] = route.steps;
  const open = first === "photo" ? route.steps[1] : null;
  if (!open) behind.current = route;
  const { steps, parameters } = behind.current;
  const [view = "photos", one] = steps;
  const query = useMemo(
    () => ({ text: parameters.text?.[0] || "", where: parameters.where || [], photo: parameters.photo?.[0], example: parameters.example?.[0], person: parameters.person?.[0] }),
    [JSON.stringify(parameters)],
  );
  useEffect(() => {
    document.title = `${query.text || TITLES[view] || "Photos"} · Darkroom`;
  }, [view, query.text]);
  useEffect(() => {
    if (!open) window.scrollTo(0, 0);
  }, [view, one]);

  if (fault) return html`<main><h1 class="unseen">Darkroom</h1><${Fault} error=${fault} again=${start} /></main>`;
  if (me === undefined || (me && !views)) return html`<${Waiting} label="Opening" />`;
  if (me === null) return html`<${SignedOut} />`;

  const change = (next) => {
    // Typing on is one step of the history; everything else can be gone back to.
    const typing = view === "photos" && query.text && next.text && query.where.length === next.where.length;
    go("/", { text: next.text, where: next.where, photo: next.photo, example: next.example, person: next.person }, { replace: Boolean(typing) });
  };
  const close = () => {
    go(`/${steps.join("/")}`, parameters);
  };
  const shown = {
    photos: () => html`<${Photos} query=${query} sequence=${sequence} covered=${open} tell=${setProblem} change=${change} />`,
    people: () => (one ? html`<${Person} key=${one} id=${one} me=${me} sequence=${sequence} />` : html`<${People} me=${me} />`),
    duplicates: () => html`<${Duplicates} me=${me} />`,
    imports: () => html`<${Imports} me=${me} opened=${one} />`,
    health: () => html`<${Health} />`,
  }[views.includes(view) ? view : ""];
  return html`<div class="frame" inert=${Boolean(open)}>
      <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
      <${Header} query=${query} change=${change} problem=${problem} help=${() => help.current.showModal()} />
      <${Navigation} views=${views} view=${view} />
      <main id="main" class=${`view ${view}-view`} tabindex="-1">
        ${shown ? shown() : html`<div class="notice"><h1>There is nothing here</h1><p><a href=${link("/")}>All photos</a></p></div>`}
      </main>
    </div>
    ${open && html`<${Photo} key="photo" me=${me} id=${open} words=${query.text} sequence=${sequence} close=${close} views=${views} />`}
    <${Help} dialog=${help} />
    <${Toast} />`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

render(html`<${App} />`, document.getElementById("app"));
