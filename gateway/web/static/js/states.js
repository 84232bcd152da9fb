// Every state with its sign, its word and its class: the colour is only the third way to tell them apart.
import { make } from "./dom.js";

const SIGNS = { bad: "✕", warn: "!", good: "✓", none: "?", info: "→", hold: "■", busy: "…" };

export const ASSET_STATES = {
  failed: ["bad", "failed"],
  none: ["none", "no result"],
  late: ["warn", "late"],
  not_replicated: ["info", "not copied"],
  not_verified: ["info", "not verified"],
  good: ["good", "good"],
};

export const SYSTEM_STATES = {
  missing: ["bad", "no answer"],
  stale: ["warn", "stale"],
  ok: ["good", "ok"],
  asking: ["busy", "asking"],
};

export const OUTCOMES = {
  success: ["good", "good"],
  warning: ["warn", "warning"],
  failure: ["bad", "failed"],
  none: ["none", "no result"],
  running: ["busy", "running"],
};

/** Letters of the days of an asset. */
export const DAYS = {
  g: ["good", "good"], w: ["warn", "warning"], f: ["bad", "failed"],
  n: ["none", "no result"], r: ["busy", "running"], ".": ["empty", "no backup"],
};

/** Icon and word. */
export function badge([kind, word], text = word) {
  return make("span", { class: `badge ${kind}` }, make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[kind]), text);
}

export const sign = (kind) => make("span", { class: `sign ${kind}`, "aria-hidden": "true" }, SIGNS[kind]);
