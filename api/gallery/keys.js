// Keyboard shortcuts: never while somebody types or a dialog is open.
import { useLayoutEffect, useRef } from "./dom.js";

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

/**
 * Calls `actions[key]` for a key pressed anywhere, while `on`; `Ctrl+z` is Z with Control, or with Command. An action
 * that answers false leaves the key alone.
 */
export function useShortcuts(actions, on = true) {
  const latest = useRef(actions);
  latest.current = actions;
  // Not after painting: what is seen can be pressed.
  useLayoutEffect(() => {
    if (!on) return undefined;
    const pressed = (event) => {
      if (event.defaultPrevented || event.altKey) return;
      if (event.target.closest?.(TYPING) || document.querySelector("dialog[open], [popover]:popover-open")) return;
      const action = latest.current[event.ctrlKey || event.metaKey ? `Ctrl+${event.key}` : event.key];
      if (action && action(event) !== false) event.preventDefault();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [on]);
}
