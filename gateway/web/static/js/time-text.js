// <time> elements: local, with the zone of the system on hover; ages go on by themselves.
import { make } from "./dom.js";
import { ago, inZone, moment } from "./format.js";

/** A moment as an age ("31 h ago"). */
export function age(iso, zone) {
  const at = Date.parse(iso);
  return make("time", { datetime: iso, "data-age": "", title: `${moment(at)} here; ${inZone(at, zone)}` }, ago(at));
}

/** A moment as date and clock. */
export function local(iso, zone) {
  const at = Date.parse(iso);
  return make("time", { datetime: iso, title: inZone(at, zone) }, moment(at));
}

/** Let the ages below `root` go on. */
export function tick(root) {
  for (const element of root.querySelectorAll("time[data-age]")) element.textContent = ago(Date.parse(element.dateTime));
}
