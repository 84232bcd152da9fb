// The window of the counts: what the address asks for, as far back as the gateway looks.
import { plural } from "./format.js";

export const DAY_HOURS = 24;

/** Its hours. `days`: how far back the gateway looks, null as long as it has not said so. */
export function hoursOf(text, days) {
  const asked = Number(text || DAY_HOURS);
  if (!Number.isInteger(asked) || asked < 1) return DAY_HOURS;
  return days === null ? asked : Math.min(asked, days * DAY_HOURS);
}

/** Why these are not the hours of the address; "" where they are. */
export function whyOther(text, days) {
  const hours = hoursOf(text, days);
  if (Number(text || DAY_HOURS) === hours) return "";
  if (hours === days * DAY_HOURS && Number(text) > hours) return `The gateway looks back ${plural(days, "day")}: what is shown is of these, not of ${text} hours.`;
  return `“${text}” is no number of hours: what is shown is of ${spoken(hours)}.`;
}

/** "12 hours", "7 days". */
export const spoken = (hours) => (hours > DAY_HOURS && hours % DAY_HOURS === 0 ? plural(hours / DAY_HOURS, "day") : plural(hours, "hour"));
