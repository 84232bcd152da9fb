// Numbers, ages and moments as people read them.

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const whole = new Intl.NumberFormat();
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", weekday: "short", timeZone: "UTC" });

export const count = (value) => whole.format(value);

export const plural = (value, word, words = `${word}s`) => `${count(value)} ${value === 1 ? word : words}`;

/** Seconds as "4 min", "31 h", "12 days". */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 90 * MINUTE) return `${Math.round(seconds / MINUTE)} min`;
  if (seconds < 48 * HOUR) return `${Math.round(seconds / HOUR)} h`;
  return `${Math.round(seconds / DAY)} days`;
}

export const ago = (moment, now = Date.now()) => `${span((now - moment) / 1000)} ago`;

export const atClock = (moment) => clock.format(moment);

export const moment = (value) => short.format(value);

/** An ISO moment as it reads in the zone of the system. */
export function inZone(moment, zone) {
  try {
    return `${new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(moment)} ${zone}`;
  } catch {
    return new Date(moment).toISOString();
  }
}

/** The name of the day `offset` days after an ISO date. */
export const dayName = (isoDate, offset) => day.format(Date.parse(`${isoDate}T00:00:00Z`) + offset * DAY * 1000);

/** Megabytes, as appliances count sizes. */
export function size(megabytes) {
  if (typeof megabytes !== "number") return "–";
  const units = ["MB", "GB", "TB", "PB"];
  let value = megabytes, unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** "2026-11-24-2103", for names of files. */
export const stamp = (now = new Date()) =>
  new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 16).replace("T", "-").replace(":", "");
