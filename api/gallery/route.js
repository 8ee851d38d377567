// Where we are: `#/photo/ID`, `#/?text=cake&where=year = 2019`. Behind the `#`, which browsers do not send.
import { address } from "./api.js";
import { useEffect, useState } from "./dom.js";

/** The route of an address' part behind `#`: its steps, and its parameters as lists. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const parameters = {};
  for (const [name, value] of new URLSearchParams(query)) (parameters[name] ||= []).push(value);
  return { steps: path.split("/").filter(Boolean).map(decodeURIComponent), parameters };
}

/** The address of a route. */
export function link(path, parameters = {}) {
  return `#${address(path, parameters)}`;
}

/** Goes to a route; with `replace` the back button skips where we were. */
export function go(path, parameters = {}, { replace = false } = {}) {
  const target = link(path, parameters);
  if (replace) {
    history.replaceState(history.state, "", target);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = target;
  }
}

/** The route as a hook. */
export function useRoute() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return parse(hash);
}
