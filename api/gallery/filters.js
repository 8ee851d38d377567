// Words and conditions in one line of text: `lemon cake year = 2019 keywords:receipt`. Conditions become chips.
// What a condition means is the API's business; here it is only told apart from words, and named for people.

const FIELDS = [
  "taken_at", "date", "year", "camera.make", "camera.model", "lens", "media_type", "rating", "keywords", "text", "title",
  "description", "latitude", "longitude", "location", "width", "height", "path", "library_id",
];
const VALUE = String.raw`"(?:\\.|[^"\\])*"\*?|'(?:\\.|[^'\\])*'\*?|[^\s()"'<>=!:][^\s()"'<>=]*`;
const NAME = `(?:${FIELDS.join("|").replaceAll(".", "\\.")}|outputs\\.[a-z_.]+)`;
const CONDITION = String.raw`(?:(?:NOT\s+)|-)?${NAME}\s*(?:!=|<=|>=|=|<|>|:)\s*(?:${VALUE})`;
const AT_START = new RegExp(`^(?:${CONDITION})(?=$|[\\s)])`);

/** `text` as its words and its conditions. With `unfinished`, a condition at the very end may still be typed at: it stays. */
export function split(text, { unfinished = false } = {}) {
  const conditions = [];
  let words = "";
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const found = (!words || /\s$/.test(words)) && (rest.match(AT_START)?.[0] ?? group(rest));
    if (found && !(unfinished && at + found.length === text.length)) {
      conditions.push(found.trim());
      at += found.length;
      const joined = text.slice(at).match(/^\s+(?:AND\s+)?/);
      if (joined) at += joined[0].length;
    } else {
      words += text[at];
      at += 1;
    }
  }
  return { words: words.replace(/^\s+/, ""), conditions };
}

/** A leading `(…)` that holds a condition: a group is one chip, whatever is said in it. */
function group(text) {
  if (text[0] !== "(") return null;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) {
      const inside = text.slice(1, at).replace(/^[(\s]+/, "");
      return AT_START.test(inside) ? text.slice(0, at + 1) : null;
    }
  }
  return null;
}

/** The filter that all conditions make. */
export function joined(conditions) {
  return conditions.map((one) => (/\s(AND|OR)\s/.test(one) && !one.startsWith("(") ? `(${one})` : one)).join(" AND ");
}

/** Which of the conditions holds the character at `position` (from 0) of `joined(conditions)`. */
export function conditionAt(conditions, position) {
  let end = 0;
  for (const [number, one] of conditions.entries()) {
    end += joined([one]).length + " AND ".length;
    if (position < end) return number;
  }
  return conditions.length - 1;
}

const NAMES = {
  "camera.make": "Maker", "camera.model": "Camera", keywords: "Keyword", text: "Text", title: "Title",
  description: "Caption", rating: "Stars", lens: "Lens", media_type: "Type", path: "File",
};
const PARTS = new RegExp(`^(NOT\\s+|-)?([a-z_.]+)\\s*(!=|<=|>=|=|<|>|:)\\s*(${VALUE})$`);
const SIGNS = { "<=": "≤", ">=": "≥", "!=": "≠", "<": "<", ">": ">", "=": "", ":": "" };

/** A condition in words, where there are better ones than its own. */
export function named(condition) {
  const found = condition.match(PARTS);
  if (!found) return condition;
  const [, not, field, sign, raw] = found;
  const value = raw.replace(/^["'](.*)["']\*?$/s, "$1");
  const prefix = not ? "not " : "";
  if (field === "year" || field === "taken_at" || field === "date") {
    if (sign === "=") return `${prefix}${value}`;
    if (sign === ">=") return `${prefix}since ${value}`;
    if (sign === "<") return `${prefix}before ${value}`;
    if (sign === ":") return not ? "without a date" : "with a date";
  }
  if (field === "location") return not ? "without a place" : "with a place";
  if (value === "*") return `${prefix}any ${(NAMES[field] || field).toLowerCase()}`;
  if (field.startsWith("outputs.")) return `${prefix}${field.slice("outputs.".length)} ${SIGNS[sign]} ${value}`.replace(/ +/g, " ");
  const name = NAMES[field];
  return name ? `${prefix}${name}${SIGNS[sign] ? ` ${SIGNS[sign]}` : ":"} ${value}` : condition;
}

/** `field = value`, quoted as the grammar needs it. */
export function condition(field, sign, value) {
  const text = String(value);
  const plain = /^[^\s()"'<>=!:][^\s()"'<>=]*$/.test(text);
  return `${field}${sign === ":" ? ":" : ` ${sign} `}${plain ? text : JSON.stringify(text)}`;
}
