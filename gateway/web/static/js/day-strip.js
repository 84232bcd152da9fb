// The last days of an asset: a shape and a word for each day.
import { make } from "./dom.js";
import { dayName, plural } from "./format.js";
import { DAYS } from "./states.js";

/** `letters` one a day, up to `firstDay` + their number. */
export function dayStrip(letters, firstDay) {
  const cells = [...letters].map((letter, at) => {
    const [kind, word] = DAYS[letter] ?? DAYS["."];
    return make("i", { class: `day ${kind}`, title: `${firstDay ? dayName(firstDay, at) : ""}: ${word}` });
  });
  return make("span", { class: "strip", role: "img", "aria-label": spoken(letters) }, cells);
}

function spoken(letters) {
  const sums = new Map();
  for (const letter of letters) if (letter !== ".") sums.set(letter, (sums.get(letter) ?? 0) + 1);
  if (!sums.size) return `no backup in ${plural(letters.length, "day")}`;
  const parts = [...sums].map(([letter, days]) => `${DAYS[letter]?.[1] ?? "unknown"} on ${plural(days, "day")}`);
  return `of the last ${letters.length} days: ${parts.join(", ")}`;
}
