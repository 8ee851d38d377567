// Photos: all of a filter along the timeline, or what a search found.
import { html, useEffect } from "../dom.js";
import { conditionAt, joined } from "../filters.js";
import { Results } from "./results.js";
import { TimelineView } from "./timeline.js";

export function Photos({ query, sequence, covered, tell, change }) {
  const filter = joined(query.where);
  const view = query.text || query.photo || query.example || query.person ? Results : TimelineView;
  useEffect(() => tell(null), [filter, query.text]);
  const refused = (error) => tell(explained(error, query.where));
  return html`<${view} key=${view === TimelineView ? filter : "results"} query=${query} filter=${filter} sequence=${sequence} covered=${covered} refused=${refused} change=${change} />`;
}

/** A filter the API does not understand, said where it was typed: the sentence, and which chip it is about. */
function explained(error, where) {
  if (error.type !== "/problems/invalid-filter") return null;
  const hint = error.errors[0]?.detail || "";
  const position = Number(hint.match(/at character (\d+)/)?.[1] || 1) - 1;
  return { text: `${error.message}: ${hint.replace(/^at character \d+: /, "")}`, number: conditionAt(where, position) };
}
