// The search box: words and conditions in one line. A condition that is finished becomes a chip that can be removed.
import { html, useEffect, useRef, useState } from "../dom.js";
import { named, split } from "../filters.js";
import { useAnswer } from "./asking.js";
import { ExampleButton } from "./example.js";
import { FilterMenu } from "./filtermenu.js";
import { Icon } from "./icons.js";

const PAUSE = 250;

/**
 * `query` is `{text, where: [condition…], photo, example, person}`; `change` gets the next one. `wrong` is the number of
 * a condition that is refused.
 */
export function SearchBox({ query, change, wrong, problem }) {
  const [draft, setDraft] = useState(query.text);
  const [said, setSaid] = useState("");
  const input = useRef(null);
  const timer = useRef(0);
  const sent = useRef(query.text);
  useEffect(() => {
    // What came back from the address is what was sent, unless somebody went elsewhere meanwhile.
    if (query.text !== sent.current) {
      sent.current = query.text;
      setDraft(query.text);
    }
  }, [query.text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const { data: person } = useAnswer(query.person ? `/v1/people/${query.person}` : null);
  const chips = [
    query.photo && { key: "photo", label: "Looks like one photo" },
    query.example && { key: "example", label: "Looks like your picture" },
    query.person && { key: "person", label: person?.name || "One person" },
    ...query.where.map((one, number) => ({ key: one, label: named(one), written: one, number })),
  ].filter(Boolean);

  function send(text, where, others = {}) {
    clearTimeout(timer.current);
    sent.current = text.trim();
    change({ ...query, ...others, text: sent.current, where });
  }
  function typed(event) {
    const { words, conditions } = split(event.target.value, { unfinished: true });
    setDraft(words);
    if (conditions.length) {
      setSaid(`Filter added: ${conditions.map(named).join(", ")}`);
      send(words, [...query.where, ...conditions]);
      return;
    }
    clearTimeout(timer.current);
    const { words: finished, conditions: unfinished } = split(words);
    if (!unfinished.length) timer.current = setTimeout(() => send(finished, query.where), PAUSE);
  }
  function submit(event) {
    event.preventDefault();
    const { words, conditions } = split(draft);
    setDraft(words);
    if (conditions.length) setSaid(`Filter added: ${conditions.map(named).join(", ")}`);
    send(words, [...query.where, ...conditions]);
  }
  function remove(chip) {
    setSaid(`Filter removed: ${chip.label}`);
    if (chip.number === undefined) send(draft, query.where, { [chip.key]: undefined });
    else send(draft, query.where.filter((_, at) => at !== chip.number));
    input.current.focus();
  }
  function key(event) {
    if (event.key === "Backspace" && !draft && chips.length) remove(chips.at(-1));
    if (event.key === "Escape" && (draft || chips.length)) {
      event.stopPropagation();
      if (draft) {
        setDraft("");
        send("", query.where);
      } else {
        change({ text: "", where: [] });
      }
    }
  }
  return html`<div class="searchbox" role="search">
    <form onSubmit=${submit}>
    <${Icon} name="search" />
    <ul class="chips" aria-label="Filters">
      ${chips.map(
        (chip) => html`<li key=${chip.key} class=${`chip${chip.number !== undefined && chip.number === wrong ? " wrong" : ""}`}>
          <span title=${chip.written}>${chip.label}</span>
          <button type="button" aria-label=${`Remove filter ${chip.label}`} onClick=${() => remove(chip)}>
            <${Icon} name="close" />
          </button>
        </li>`,
      )}
    </ul>
    <input
      ref=${input}
      id="search"
      type="search"
      enterkeyhint="search"
      autocomplete="off"
      autocapitalize="off"
      spellcheck="false"
      placeholder=${chips.length ? "Add words" : "Search, or year = 2024"}
      aria-label="Search photos"
      aria-describedby="search-help"
      aria-invalid=${problem ? "true" : undefined}
      value=${draft}
      onInput=${typed}
      onKeyDown=${key}
    />
    <span id="search-help" class="unseen">Words, and conditions such as year = 2024 or keywords:receipt, which become filters.</span>
    <span class="unseen" aria-live="polite">${said}</span>
    </form>
    <${ExampleButton} found=${(id) => send("", query.where, { example: id, photo: undefined })} />
    <${FilterMenu} add=${(conditions) => send(draft, [...query.where, ...conditions])} />
  </div>`;
}
