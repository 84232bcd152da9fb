// <time> elements: local, with the zone of the system on hover; ages go on by themselves.
import { make, setText } from "./dom.js";
import { ago, inZone, moment, span } from "./format.js";

const TELLING = { ago, span: (at) => span((Date.now() - at) / 1000) };

/** A moment as an age ("31 h ago"). */
export function age(iso, zone) {
  const at = Date.parse(iso);
  return make("time", { datetime: iso, "data-age": "ago", title: `${moment(at)} here; ${inZone(at, zone)}` }, ago(at));
}

/** How long ago a moment (ms) was ("43 s"). */
export function since(at, zone) {
  return make("time", { datetime: new Date(at).toISOString(), "data-age": "span", title: `of ${moment(at)} here; ${inZone(at, zone)}` }, TELLING.span(at));
}

/** A moment as date and clock. */
export function local(iso, zone) {
  const at = Date.parse(iso);
  return make("time", { datetime: iso, title: inZone(at, zone) }, moment(at));
}

/** Let the ages below `root` go on. */
export function tick(root) {
  for (const element of root.querySelectorAll("time[data-age]")) setText(element, TELLING[element.dataset.age](Date.parse(element.dateTime)));
}
