// Hooks that ask the API: one answer, or a list page by page.
import { address, ask, hasMoved } from "../api.js";
import { useCallback, useEffect, useRef, useState } from "../dom.js";

/** The answer of a GET: `{data, error, again}`. Asks anew when `path` changes; with `every`, now and then, too. */
export function useAnswer(path, { every = 0 } = {}) {
  const [state, setState] = useState({ path: null, data: null, error: null });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((one) => one + 1), []);
  useEffect(() => {
    if (!path) return undefined;
    const request = new AbortController();
    ask(path, { signal: request.signal }).then(
      (data) => setState({ path, data, error: null }),
      (error) => error.name === "AbortError" || setState((before) => ({ path, data: before.path === path ? before.data : null, error })),
    );
    const timer = every && setTimeout(again, every);
    return () => {
      request.abort();
      clearTimeout(timer);
    };
  }, [path, turn]);
  return state.path === path ? { ...state, again } : { data: null, error: null, again };
}

/**
 * A list, page by page: `{items, more, next, error, retry, change, again}`. `items` is null until the first page is
 * there. After an error nothing is asked until `retry` asks the same once more; `again` starts anew.
 */
export function usePages(path, parameters = {}) {
  const key = address(path, parameters);
  const [state, setState] = useState({ key: null, items: null, cursor: null, error: null });
  const running = useRef(null);
  const load = useCallback(
    async (cursor) => {
      running.current?.abort();
      const request = new AbortController();
      running.current = request;
      try {
        const page = await ask(address(path, { ...parameters, cursor }), { signal: request.signal });
        setState((before) => ({
          key,
          items: cursor && before.key === key ? [...before.items, ...page.items] : page.items,
          cursor: page.next_cursor,
          error: null,
        }));
      } catch (error) {
        if (error.name === "AbortError") return undefined;
        if (cursor && hasMoved(error)) return load(null);
        setState((before) => ({ ...(before.key === key ? before : { items: null }), key, error, failed: cursor }));
      } finally {
        if (running.current === request) running.current = null;
      }
    },
    [key],
  );
  useEffect(() => {
    load(null);
    return () => running.current?.abort();
  }, [key]);
  const here = state.key === key;
  const next = useCallback(() => !running.current && !state.error && state.cursor && load(state.cursor), [load, state.cursor, state.error]);
  const change = useCallback((edit) => setState((before) => ({ ...before, items: edit(before.items || []) })), []);
  return {
    items: here ? state.items : null,
    error: here ? state.error : null,
    more: here && Boolean(state.cursor),
    next,
    change,
    retry: () => load(state.failed),
    again: () => load(null),
  };
}

/** Calls `reached` when the element comes near the window's lower edge. */
export function useReached(reached) {
  const mark = useRef(null);
  const latest = useRef(reached);
  latest.current = reached;
  useEffect(() => {
    if (!mark.current) return undefined;
    const seen = new IntersectionObserver((found) => found.some((one) => one.isIntersecting) && latest.current(), {
      rootMargin: "800px",
    });
    seen.observe(mark.current);
    return () => seen.disconnect();
  });
  return mark;
}
