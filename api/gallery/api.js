// Asking the API. Errors carry a sentence that can be shown, and what to do.

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The API answered ${status}.`);
    this.status = status;
    this.errors = problem.errors || [];
    this.type = problem.type || "";
  }
}

export class Unreachable extends Error {
  constructor() {
    super("Darkroom does not answer. It may be stopped, or starting: `darkroom status` tells.");
    this.status = 0;
  }
}

const listeners = new Set();

/** Has `listener` called when the session has ended. */
export function onSignedOut(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * The JSON answer of a request, sent with `body` as JSON or `bytes` as they are; `match` is what it must not
 * have changed from. Throws `Refused`, `Unreachable`, or the abort of `signal`.
 */
export async function ask(path, options) {
  return (await tagged(path, options)).data;
}

/** The same, with the tag that names this state of the thing: `{data, tag}`. */
export async function tagged(path, { method = "GET", body, bytes, signal, match } = {}) {
  const options = { method, signal, credentials: "same-origin", headers: match ? { "If-Match": match } : {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  } else if (bytes !== undefined) {
    options.headers["Content-Type"] = "application/octet-stream";
    options.body = bytes;
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return { data: told, tag: answer.headers.get("etag") };
  if (answer.status === 401) listeners.forEach((listener) => listener());
  throw new Refused(answer.status, told);
}

/** Whether a list has changed so that its next page cannot be told: it is asked for from its start. */
export const hasMoved = (error) => error.type === "/problems/invalid-cursor";

/** `path` with those parameters that have a value; lists become repeated parameters. */
export function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** Whether the API has a list and this session may read it: views that miss theirs are not shown. */
export async function isThere(path) {
  try {
    await ask(address(path, { limit: 1 }));
    return true;
  } catch (error) {
    return !(error instanceof Refused && [403, 404, 405].includes(error.status));
  }
}
