// Building nodes. Data only ever becomes text or an attribute here, never markup.

/** An element: `make("td", {class: "n", onclick: f}, "text", node)`. False, null and undefined leave things out. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text that changes only where it differs, so that live regions speak only of news. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Make `parent` hold exactly `wanted`, in order. Nodes that are in place are not touched; focus survives a move. */
export function arrange(parent, wanted) {
  const focused = document.activeElement;
  let place = parent.firstChild;
  const kept = new Set(wanted);
  for (const node of [...parent.childNodes]) {
    if (!kept.has(node)) {
      if (node === place) place = node.nextSibling;
      node.remove();
    }
  }
  let fragment = null;
  for (const node of wanted) {
    if (node === place) {
      if (fragment) { parent.insertBefore(fragment, place); fragment = null; }
      place = place.nextSibling;
    } else {
      fragment ??= document.createDocumentFragment();
      fragment.append(node);
    }
  }
  if (fragment) parent.insertBefore(fragment, place);
  if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}
