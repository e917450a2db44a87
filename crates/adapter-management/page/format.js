// Numbers as people read them.

const SCALES = [["G", 1e9], ["M", 1e6], ["k", 1e3]];

const digits = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)).replace(/\.0+$/, "");

/** `1.2 MB`; decimal multiples, as interfaces are sold. */
export const bytes = (value) => {
  if (value === null || value === undefined) return "–";
  const [prefix, factor] = SCALES.find(([, factor]) => value >= factor) ?? ["", 1];
  return `${digits(value / factor)} ${prefix}B`;
};

/** `1.2 MB/s`. */
export const byteRate = (value) => (value === null || value === undefined ? "–" : `${bytes(value)}/s`);

/** `12,345`. */
export const count = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));

/** A count that stopped somewhere: `10,000+`. */
export const atLeast = (value, capped) => count(value) + (capped ? "+" : "");

/** `0`, `0.25`, `12.3`, `1,234`: of a rate a second. */
export const rate = (value) => {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  return value >= 1000 ? count(Math.round(value)) : value < 0.01 ? "<0.01" : digits(value);
};

/** `0.4 ms`, `12 ms`, `1.5 s`: of a short time in seconds. */
export const latency = (seconds) => {
  if (seconds === null || seconds === undefined) return "–";
  return seconds >= 1 ? `${digits(seconds)} s` : `${digits(seconds * 1000)} ms`;
};

/** `3 d 4 h`, `12 min`, `8 s`: of a time in seconds, by its two largest parts. */
export const duration = (seconds) => {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(0, Math.round(seconds));
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]
    .map(([unit, size], nth, all) => [Math.floor((nth ? whole % all[nth - 1][1] : whole) / size), unit]);
  const from = parts.findIndex(([value]) => value > 0);
  if (from < 0) return "0 s";
  return parts.slice(from, from + 2).filter(([value]) => value > 0).map((part) => part.join(" ")).join(" ");
};

/** `2026-11-28 10:08:03 UTC` of RFC 3339. */
export const time = (text) => {
  const parsed = new Date(text ?? "");
  if (Number.isNaN(parsed.getTime())) return text ?? "–";
  return `${parsed.toISOString().slice(0, 19).replace("T", " ")} UTC`;
};

/** `1 connection`, `2 connections`. */
export const many = (value, word, more = `${word}s`) => `${count(value)} ${value === 1 ? word : more}`;
