// The last days of an asset: a shape and a word for each day.
import { make } from "./dom.js";
import { dayName, plural } from "./format.js";
import { DAYS } from "./states.js";

const MOST = 30; // a year of them is wider than any screen

/** `letters` one a day, the first one that of `firstDay`; the last ones are shown. */
export function dayStrip(letters, firstDay) {
  const from = Math.max(0, letters.length - MOST), shown = letters.slice(from);
  const cells = [...shown].map((letter, at) => {
    const [kind, word] = DAYS[letter] ?? DAYS["."];
    return make("i", { class: `day ${kind}`, title: `${firstDay ? dayName(firstDay, from + at) : ""}: ${word}` });
  });
  return make("span", { class: "strip", role: "img", "aria-label": spoken(shown) }, cells);
}

function spoken(letters) {
  const sums = new Map();
  for (const letter of letters) if (letter !== ".") sums.set(letter, (sums.get(letter) ?? 0) + 1);
  if (!sums.size) return `no backup in ${plural(letters.length, "day")}`;
  const parts = [...sums].map(([letter, days]) => `${DAYS[letter]?.[1] ?? "unknown"} on ${plural(days, "day")}`);
  return `of the last ${letters.length} days: ${parts.join(", ")}`;
}
