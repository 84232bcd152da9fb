// What of the store is shown: pure functions of systems, assets and filters.

const WORST = ["failed", "none", "late", "not_replicated", "not_verified", "good"];
const SYSTEM_ORDER = { missing: 0, stale: 1, asking: 2, ok: 3 };

/** What may hold of an asset, several at a time: the tiles. */
export const SIGNS = {
  failing: (asset) => asset.failures > 0,
  overdue: (asset) => asset.last_good === null || asset.last_good_age_hours > asset.threshold_hours,
  never: (asset) => asset.last_good === null,
  not_copied: (asset) => asset.not_replicated,
  not_verified: (asset) => asset.verification === "failed" || asset.verification === "never",
  on_hold: (asset) => asset.on_hold > 0,
  good: (asset) => ["good", "not_replicated", "not_verified"].includes(asset.state),
};

/** Systems of the chosen customer or name, worst first. One that has not answered yet may be of any customer. */
export function systemsShown(systems, filters) {
  const chosen = [...systems.values()].filter((system) =>
    (!filters.customer || system.state === "asking" || system.block.customer === filters.customer)
    && (!filters.system || system.block.system_name === filters.system));
  return chosen.sort((one, other) => SYSTEM_ORDER[one.state] - SYSTEM_ORDER[other.state] || one.id - other.id);
}

/** The moment (ms) of which the data of a system is; null where there is none. Its age was told when it was seen. */
export const asOf = ({ block, seen }) => (block.age_seconds === null ? null : seen - block.age_seconds * 1000);

/** All assets of these systems that fit the search `q`, as {asset, system, key}. */
export function assetsOf(systems, q) {
  const words = q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (const system of systems) {
    for (const asset of system.assets) {
      if (words.length && !fits(asset, words)) continue;
      found.push({ asset, system, key: `${asset.system_id}/${asset.client_id}/${asset.client_name}/${asset.instance_id}/${asset.application}/${asset.asset}` });
    }
  }
  return found;
}

function fits(asset, words) {
  const text = `${asset.asset} ${asset.client_name} ${asset.system_name} ${asset.customer ?? ""} ${asset.application} ${asset.last_error ?? ""}`.toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

/** How many assets fall under each tile. */
export function counts(entries) {
  const found = { total: entries.length, critical: 0, ...Object.fromEntries(Object.keys(SIGNS).map((name) => [name, 0])) };
  for (const { asset } of entries) {
    if (asset.critical) found.critical += 1;
    for (const name in SIGNS) if (SIGNS[name](asset)) found[name] += 1;
  }
  return found;
}

const VALUES = {
  asset: (entry) => entry.asset.asset.toLocaleLowerCase(),
  system: (entry) => `${entry.asset.customer ?? ""}/${entry.asset.system_name}`.toLocaleLowerCase(),
  good: (entry) => (entry.asset.last_good === null ? -Infinity : Date.parse(entry.asset.last_good)),
  failures: (entry) => entry.asset.failures,
  size: (entry) => entry.asset.size_mb ?? -1,
};

function byWorst({ asset: one }, { asset: other }) {
  return Number(other.critical) - Number(one.critical)
    || WORST.indexOf(one.state) - WORST.indexOf(other.state)
    || (other.last_good_age_hours ?? Infinity) - (one.last_good_age_hours ?? Infinity) || 0
    || one.system_id - other.system_id;
}

/** The entries of the chosen tile, in the chosen order. */
export function chosen(entries, filters) {
  const holds = SIGNS[filters.show];
  const kept = holds ? entries.filter(({ asset }) => holds(asset)) : [...entries];
  const value = VALUES[filters.sort];
  if (!value) return kept.sort(byWorst);
  const turn = filters.dir === "desc" ? -1 : 1;
  return kept.map((entry) => [value(entry), entry])
    .sort(([one, a], [other, b]) => (one < other ? -turn : one > other ? turn : byWorst(a, b)))
    .map(([, entry]) => entry);
}

/** Backups of the window over these systems. */
export function outcomes(systems) {
  const sum = { success: 0, warning: 0, failure: 0, none: 0, running: 0, total: 0 };
  for (const { block } of systems) for (const name in sum) sum[name] += block.backups?.[name] ?? 0;
  const finished = sum.success + sum.warning + sum.failure;
  return { ...sum, goodPercent: finished ? (100 * (sum.success + sum.warning)) / finished : null };
}

/** Per day over these systems: {day: "2026-11-24", success, warning, failure, none}, oldest first. */
export function trend(systems) {
  const days = new Map();
  for (const { block } of systems) {
    if (!block.days || !block.first_day) continue;
    const first = Date.parse(`${block.first_day}T00:00:00Z`);
    block.days.success.forEach((_, at) => {
      const day = new Date(first + at * 86400000).toISOString().slice(0, 10);
      const sum = days.get(day) ?? { day, success: 0, warning: 0, failure: 0, none: 0 };
      for (const name of ["success", "warning", "failure", "none"]) sum[name] += block.days[name][at];
      days.set(day, sum);
    });
  }
  return [...days.values()].sort((one, other) => (one.day < other.day ? -1 : 1));
}
